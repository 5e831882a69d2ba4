package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/tools/worktree"
)

const page = "# Delete a Participant\n\nProse.\n\n```yaml\n%s```\n\n## Examples\n\n```python\nimport requests\n```\n"

func pageOf(document string) string { return strings.Replace(page, "%s", document, 1) }

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

func replaceOnce(t *testing.T, text, old, replacement string) string {
	t.Helper()
	replaced := strings.Replace(text, old, replacement, 1)
	require.NotEqual(t, text, replaced)
	return replaced
}

func runProgram(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &err)
	return status, out.String(), err.String()
}

// repository returns a copy of this one, in which files may change.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, worktree.Copy(root, "../.."))
	return root
}

func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, name := range generated {
		all[name] = read(t, filepath.Join(root, name))
	}
	return all
}

func TestExtract(t *testing.T) {
	t.Parallel()
	document := read(t, "../../openapi.yaml")
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
		got, err := extract([]byte(text))
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
		{"truncated page", pageOf(document)[:2000], "ends inside of a code block"},
		{"truncated YAML", pageOf("openapi: 3.1.0\ninfo: {title: x\n"), "not YAML"},
	} {
		_, err := extract([]byte(tt.text))
		require.ErrorContains(t, err, tt.want, tt.name)
	}
}

// TestFailedUpdate leaves every file as it was and says why.
func TestFailedUpdate(t *testing.T) {
	t.Parallel()
	document := read(t, "../../openapi.yaml")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/good", http.StatusFound)
		case "/good":
			_, _ = w.Write([]byte(pageOf(document)))
		case "/long":
			_, _ = w.Write(make([]byte, maxDocument+1))
		case "/html":
			_, _ = w.Write([]byte("<html></html>"))
		case "/cut":
			w.Header().Set("Content-Length", "1000000")
			_, _ = w.Write([]byte(pageOf(document)))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	root := repository(t)
	before := contents(t, root)
	for _, tt := range []struct{ name, from, stdin, want string }{
		{"redirect", server.URL + "/redirect", "", "give that address"},
		{"not found", server.URL + "/missing", "", "404"},
		{"too long", server.URL + "/long", "", "longer than 16 MiB"},
		{"too long on standard input", "-", strings.Repeat("x", maxDocument+1), "longer than 16 MiB"},
		{"HTML", server.URL + "/html", "", "HTML"},
		{"cut", server.URL + "/cut", "", "unexpected EOF"},
		{"plain http", "http://example.org/page.md", "", "not an https URL"},
		{"another scheme", "ftp://127.0.0.1/page.md", "", "not an https URL"},
		{"no file", "no-such-file.md", "", "no-such-file.md"},
		{"empty", "-", "", "empty"},
		{"broken rule", "-", pageOf(replaceOnce(t, document, "        '204':", "        '200':")), "/responses: a DELETE documents 204 as its only success"},
		{"invalid OpenAPI", "-", pageOf(replaceOnce(t, document, "  version: 1.0.0\n", "")), "/info: the document is valid OpenAPI 3.1"},
	} {
		status, stdout, stderr := runProgram(t, tt.stdin, "-root", root, "update", tt.from)
		require.Equal(t, 1, status, tt.name)
		require.Empty(t, stdout, tt.name)
		require.Contains(t, stderr, "nothing was changed", tt.name)
		require.Contains(t, stderr, tt.want, tt.name)
		require.Equal(t, before, contents(t, root), tt.name)
	}
	for _, args := range [][]string{nil, {"update"}, {"update", ""}, {"drift", "a", "b"}, {"api-diff"}, {"other"}, {"-x"}} {
		status, _, _ := runProgram(t, "", args...)
		require.Equal(t, 2, status, args)
	}
}

const conflict = `        '409':
          description: The conference is over.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/CompatibilityErrorResponse'
`

// TestUpdate takes a page with one more error status in, and then breaks a
// function that callers use.
func TestUpdate(t *testing.T) {
	t.Parallel()
	root := repository(t)
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t", "commit", "-qm", "before"}} {
		_, err := command(root, "git", args...)
		require.NoError(t, err)
	}
	document := replaceOnce(t, read(t, "../../openapi.yaml"), "        '422':\n", conflict+"        '422':\n")

	status, stdout, stderr := runProgram(t, pageOf(document), "-root", root, "update", "-")
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, "added the non-success response with the status `409`")
	require.Contains(t, stdout, "DeleteParticipantResponse.JSON409: added")
	require.NotContains(t, stdout, "break callers")
	require.NotContains(t, stdout, root)
	require.Equal(t, document, read(t, filepath.Join(root, "openapi.yaml")))
	require.Contains(t, read(t, filepath.Join(root, "client.gen.go")), "JSON409")
	require.Contains(t, read(t, filepath.Join(root, "api/contract.yaml")), "409")

	status, stdout, stderr = runProgram(t, "", "-root", root, "api-diff", "HEAD")
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, "JSON409: added")

	sid := filepath.Join(root, "sid.go")
	require.NoError(t, os.WriteFile(sid, []byte(replaceOnce(t, read(t, sid), "func (s CallSid) IsZero()", "func (s CallSid) IsNothing()")), 0o600))
	status, stdout, stderr = runProgram(t, "", "-root", root, "api-diff", "HEAD")
	require.Equal(t, 1, status, stdout)
	require.Contains(t, stdout, "CallSid.IsZero: removed")
	require.Contains(t, stderr, "breaks callers")

	status, _, stderr = runProgram(t, "", "-root", root, "api-diff", "no-such-revision")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "no-such-revision")
}

func TestDrift(t *testing.T) {
	t.Parallel()
	document := read(t, "../../openapi.yaml")
	renamed := strings.NewReplacer("{CallSid}", "{ParticipantSid}", "name: CallSid", "name: ParticipantSid").Replace(document)
	query := replaceOnce(t, document, "        - name: Authorization\n",
		"        - {name: Reason, in: query, required: true, schema: {type: string}}\n        - name: Authorization\n")
	pages := map[string]string{
		"/same.md":    pageOf(document),
		"/renamed.md": pageOf(renamed),
		"/query.md":   pageOf(query),
		"/broken.md":  pageOf(replaceOnce(t, document, "        '204':", "        '200':")),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pages[r.URL.Path] == "" {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(pages[r.URL.Path]))
	}))
	defer server.Close()
	root := repository(t)
	before := contents(t, root)

	for _, tt := range []struct {
		page   string
		status int
		want   []string
	}{
		{"/same.md", 0, []string{"has the document that is checked in"}},
		{"/renamed.md", 3, []string{
			"has another document", "error\t", "{ParticipantSid}", "api path removed",
			"Incompatible changes:", "DeleteParticipantWithResponse: changed", "break callers",
		}},
		{"/query.md", 3, []string{
			"has another document", "error\t", "new required `query` request parameter `Reason`",
			"Incompatible changes:", "DeleteParticipantWithResponse: changed", "break callers",
		}},
		{"/broken.md", 3, []string{"has another document", "a DELETE documents 204 as its only success"}},
		{"/down.md", 1, nil},
	} {
		status, stdout, stderr := runProgram(t, "", "-root", root, "drift", server.URL+tt.page)
		require.Equal(t, tt.status, status, tt.page+stdout+stderr)
		for _, want := range tt.want {
			require.Contains(t, stdout, want, tt.page)
		}
		if tt.status == 1 {
			require.Contains(t, stderr, "could not tell")
		}
		require.Equal(t, before, contents(t, root), tt.page)
	}
}

func TestBreaksGo(t *testing.T) {
	t.Parallel()
	const grown = "p\nIncompatible changes:\n- ClientInterface.ListParticipants: added\n- ClientWithResponsesInterface.ListParticipantsWithResponse: added\nCompatible changes:\n- X: added\n"
	require.False(t, breaksGo(""))
	require.False(t, breaksGo("p\nCompatible changes:\n- X: added\n"))
	require.False(t, breaksGo(grown))
	require.True(t, breaksGo(strings.Replace(grown, "- ClientInterface", "- X: removed\n- ClientInterface", 1)))
	require.True(t, breaksGo(strings.Replace(grown, "Compatible", "- X: removed\nCompatible", 1)))
	require.True(t, breaksGo("p: the package is gone\n"))
}
