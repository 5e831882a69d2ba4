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
		"JSON":               `{"openapi": "3.1.0"}`,
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
		{"truncated YAML", pageOf("openapi: 3.1.0\ninfo: {title: x\n"), "not YAML"},
	} {
		_, err := Extract([]byte(tt.text))
		require.ErrorContains(t, err, tt.want, tt.name)
	}
}
