package contract

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const page = "# Delete a Participant\n\nProse.\n\n```yaml\n%s```\n\n## Examples\n\n```python\nimport requests\n```\n"

func pageOf(document string) string { return strings.Replace(page, "%s", document, 1) }

func TestExtract(t *testing.T) {
	t.Parallel()
	document := read(t, documentPath)
	require.Contains(t, document, "```", "the document has fences of its own")
	for name, text := range map[string]string{
		"document":           document,
		"JSON":               `{"openapi": "3.1.0", "info": {"title": "a\/b"}}`,
		"page":               pageOf(document),
		"Windows line ends":  strings.ReplaceAll(pageOf(document), "\n", "\r\n"),
		"byte order mark":    "\ufeff" + pageOf(document),
		"indented page":      "    " + strings.ReplaceAll(pageOf(document), "\n", "\n    "),
		"indented by tabs":   "\t" + strings.ReplaceAll(pageOf(document), "\n", "\n\t"),
		"title":              strings.Replace(pageOf(document), "```yaml", "``` yaml title=\"openapi\"", 1),
		"yml":                strings.Replace(pageOf(document), "```yaml", "```yml", 1),
		"longer fence":       strings.NewReplacer("```yaml\n", "````yaml\n", "token)\n```\n", "token)\n```\n").Replace(strings.Replace(pageOf(document), "```\n\n## Examples", "````\n\n## Examples", 1)),
		"tildes":             strings.Replace(strings.Replace(pageOf(document), "```yaml", "~~~yaml", 1), "```\n\n## Examples", "~~~\n\n## Examples", 1),
		"another YAML block": "```yaml\na: 1\n```\n" + pageOf(document),
		"front matter":       "---\ntitle: Delete a Participant\n---\n" + pageOf(document),
		"shown in a block":   "````md\n```yaml\nopenapi: 3.1.0\n```\n````\n" + pageOf(document),
	} {
		got, err := Extract([]byte(text))
		require.NoError(t, err, name)
		if name == "JSON" {
			require.Equal(t, text, string(got))
			continue
		}
		if strings.HasPrefix(name, "indented") {
			// The empty lines of an indented page are indented, too.
			got = bytes.ReplaceAll(got, []byte("\n    \n"), []byte("\n\n"))
		}
		require.Equal(t, document, string(got), name)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "empty"},
		{"blank", " \n", "empty"},
		{"HTML", "<!DOCTYPE html><html></html>", "HTML"},
		{"HTML with a block", "<html>\n" + pageOf(document), "HTML"},
		{"prose", "# Not found\n", "no OpenAPI document"},
		{"other YAML", "```yaml\na: 1\n```\n", "no OpenAPI document"},
		{"unmarked block", strings.Replace(pageOf(document), "```yaml", "```", 1), "no OpenAPI document"},
		{"two documents", pageOf(document) + pageOf(document), "2 OpenAPI documents"},
		{"truncated page", pageOf(document)[:1500], "ends inside of a code block"},
		{"truncated YAML", pageOf("openapi: 3.1.0\ninfo: {title: x\n"), "the page's OpenAPI document: not YAML: line 7: did not find expected ',' or '}'; is it complete?"},
		{"duplicate key of a page", pageOf("openapi: 3.1.0\ninfo: {}\ninfo: {}\n"), `line 8: the key "info" is already defined, in line 7`},
		{"duplicate key", document + "paths: {}\n", `the key "paths" is already defined, in line 7`},
		{"tab", strings.Replace(document, "  version", "\tversion", 1), "not YAML: line 5: found a tab character"},
		{"broken document with fences", strings.Replace(document, "title: compatibility", "title: 'x", 1), "not YAML: line"},
		{"broken document with another first key", "# A comment\n---\ninfo: {\nopenapi: 3.1.0\n```\n", "not YAML: line"},
		{"broken JSON", "{\"openapi\": \"3.1.0\",\n}", "not JSON: line 2: invalid character '}'"},
		{"Latin-1", strings.Replace(document, "title: c", "title: \xe9", 1), "line 5: the byte 0xe9 is not UTF-8"},
		{"page in Latin-1", "\xe9\n" + pageOf(document), "line 1: the byte 0xe9 is not UTF-8"},
		{"UTF-16", "\xff\xfeo\x00", "UTF-16"},
		{"OpenAPI 2", "swagger: '2.0'\n", "the root has no openapi"},
		{"another JSON", `{"error": "not found"}`, "the root has no openapi"},
	} {
		_, err := Extract([]byte(tt.text))
		require.ErrorContains(t, err, tt.want, tt.name)
	}
}
