package contract

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestParseFails says why, and in which line. The library counts the lines of
// some mistakes from where the broken value begins.
func TestParseFails(t *testing.T) {
	t.Parallel()
	utf16 := strings.Join(strings.Split("openapi: 3.1.0\n", ""), "\x00") + "\x00"
	const head = "openapi: 3.1.0\ninfo:\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "the file is empty"},
		{"only a comment", "# nothing\n", "the file is empty"},
		{"only a start of a document", "---\n", "the file is empty"},
		{"list", "- a\n", "not a mapping"},
		{"text", "hello\n", "not a mapping"},
		{"HTML", "<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "not a mapping"},
		{"HTML with a colon", "<html>\n<p>Error: 503</p>\n</html>\n", "not YAML: line 2: mapping values"},
		{"two documents", "a: 1\n---\nb: 2\n", "line 2: there is more than one YAML document"},
		{"second document that is not YAML", "a: 1\n---\nb: [\n", "more than one YAML document"},

		{"duplicate key", head + "  version: a\n  version: b\n", `line 4: the key "version" is already defined, in line 3`},
		{"duplicate key of another type", "a:\n  200: x\n  '200': y\n", `line 3: the key "200" is already defined, in line 2`},
		{"tab", head + "  title: x\n\tversion: a\n", "not YAML: line 3: found a tab character"},
		{"Latin-1", head + "  title: caf\xe9\n", "not YAML: line 3: the byte 0xe9 is not UTF-8; if this is Latin-1, save it as UTF-8"},
		{"UTF-16, little endian", "\xff\xfe" + utf16, "this is UTF-16; save it as UTF-8"},
		{"UTF-16, big endian", "\xfe\xff\x00" + utf16, "this is UTF-16; save it as UTF-8"},
		{"UTF-16 without its mark", utf16, "line 1: a byte is zero; if this is UTF-16, save it as UTF-8"},
		{"control character", head + "  title: \x01\n", "line 3: there is a control character, U+0001"},
		{"quotation that does not end", head + "  title: \"x\n", "not YAML: line 3: found unexpected end of stream"},
		{"list that does not end", "a: [", "not YAML: line 2: did not find"},
		{"truncated", "openapi: 3.1.0\npaths:\n  /a: {get: {resp", "not YAML: line 3: did not find"},
		{"too many spaces", head + "  title: x\n   version: a\n", "not YAML: line 4: mapping values"},
		{"colon", head + "  title: a: b\n", "not YAML: line 3: mapping values"},
		{"sign", head + "  title: @a\n", "not YAML: line 3: found character that cannot start"},
		{"escape", head + "  title: \"\\q\"\n", "not YAML: line 3: found unknown escape"},
		{"mark of a merge", "<<<<<<< HEAD\n" + head, "not YAML: line 2: mapping values"},
		{"element among keys", head + "  title: x\n  - a\n", "not YAML: line 3: did not find expected key"},
		{"unknown anchor", head + "  title: *a\n", "not YAML: line 3: unknown anchor 'a'"},
		{"alias within its anchor", head + "  x: &a\n    b: *a\n", "line 4: the anchor a contains itself"},
		{"aliases of aliases", "a: &a [" + strings.Repeat("x,", 99) + "]\nb: &b [" + strings.Repeat("*a,", 99) + "]\nc: &c [" + strings.Repeat("*b,", 99) +
			"]\nd: [" + strings.Repeat("*c,", 99) + "]\n", "aliases make the document larger"},
		{"merge key", "a: &a {b: 1}\nc:\n  <<: *a\n", "line 3: OpenAPI has no merge keys"},
		{"key that is a list", head + "  [a, b]: 1\n", "line 3: a key is not a text"},
		{"text that is called a number", head + "  title: !!int a\n", "line 3: cannot decode"},

		{"JSON", "{\"openapi\": \"3.1.0\",\n\"info\": {]}", "not JSON: line 2: invalid character ']'"},
		{"more than JSON", "{\"openapi\": \"3.1.0\"}\n}", "not JSON: line 2: invalid character '}' after top-level value"},
		{"JSON that does not end", "{\"openapi\": \"3.1.0\",\n\"info\": {", "not JSON: line 2: unexpected end"},
		{"duplicate key in JSON", "{\"a\": 1,\n\"a\": 2}", `line 2: the key "a" is already defined, in line 1`},
	} {
		_, err := parse([]byte(tt.text))
		require.ErrorContains(t, err, tt.want, tt.name)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"YAML", "a: 1 # one\nb: [x, true]\n", "a: 1 # one\nb: [x, true]\n"},
		{"anchors", "a: &x {b: &y [1]}\nc: *x\nd: *y\n", "a: {b: [1]}\nc: {b: [1]}\nd: [1]\n"},
		{"key that is an alias", "a: &x x-go-type\n*x : 1\n", "a: x-go-type\nx-go-type: 1\n"},
		{"JSON", "\t{\n\t\"z\": \"a\\/b\\ud83d\\ude00\", \"y\": [1, 1.50, 1e3, -0.0, {}, []],\n\t\"x\": {\"true\": true, \"n\": null, \"s\": \"null\", \"\": \"\"}}\n",
			"z: \"a/b\\U0001F600\"\ny:\n  - 1\n  - 1.50\n  - 1e3\n  - -0.0\n  - {}\n  - []\nx:\n  \"true\": true\n  n: null\n  s: \"null\"\n  \"\": \"\"\n"},
	} {
		tree, err := parse([]byte(tt.text))
		require.NoError(t, err, tt.name)
		got, err := encode(tree)
		require.NoError(t, err, tt.name)
		require.Equal(t, tt.want, string(got), tt.name)
	}
}
