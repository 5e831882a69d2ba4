package signalwire_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestImportsAreClosed keeps what every importer gets with the package to the
// standard library and what generated code and SIDs need.
func TestImportsAreClosed(t *testing.T) {
	t.Parallel()
	modules := strings.Fields(runGo(t, ".", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "."))
	require.Subset(t, []string{
		"github.com/apapsch/go-jsonmerge/v2",
		"github.com/google/uuid",
		"github.com/oapi-codegen/runtime",
	}, modules)
	require.NotContains(t, strings.Fields(runGo(t, ".", "list", "-deps", ".", "./webhook", "./cmd/...", "./signalwiretest")), "testing")

	// Package webhook links what the client links, and the client does not link it.
	client := strings.Fields(runGo(t, ".", "list", "-deps", "."))
	require.NotContains(t, client, "example.com/signalwire/webhook")
	for _, dependency := range strings.Fields(runGo(t, ".", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./webhook")) {
		if dependency != "example.com/signalwire/webhook" {
			require.Contains(t, client, dependency)
		}
	}
}

// TestImporter builds a program in a module of its own, whose requests name the
// version of this one.
func TestImporter(t *testing.T) {
	t.Parallel()
	dir := importingModule(t, "main.go", `package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"example.com/signalwire"
)

func main() {
	client, err := signalwire.New("example", "`+testProject+`", "token",
		signalwire.WithRequestEditorFn(signalwire.BasicAuth("other", "token")))
	if err != nil {
		panic(err)
	}
	response, err := client.DeleteParticipantWithResponse(context.Background(),
		signalwire.AccountSid{}, signalwire.ConferenceSid{}, signalwire.CallSid{})
	fmt.Println(response == nil, err)
	account, _ := signalwire.ParseAccountSid("`+testProject+`")
	_, err = client.ListAllConferencesWithResponse(context.Background(), account, nil, func(_ context.Context, r *http.Request) error {
		return errors.New(r.Header.Get("User-Agent"))
	})
	fmt.Println(err)
}
`)
	require.Regexp(t, `^true signalwire: .*nothing was sent: the account SID is zero; parse one first\n`+
		`signalwire: .*signalwire-go/v0\.0\.0 \(go1.*\)\n$`, runGo(t, dir, "run", "-mod=mod", "."))
}

// TestSuites runs the suites that users of signalwiretest write, none of which is
// longer than 25 lines.
func TestSuites(t *testing.T) {
	t.Parallel()
	source := readFile(t, "signalwiretest/testdata/suites_test.go")
	suites := regexp.MustCompile(`(?ms)^func Test\w+\(.*?^}\n`).FindAllString(source, -1)
	require.Len(t, suites, 12)
	for _, suite := range suites {
		require.LessOrEqual(t, strings.Count(suite, "\n"), 25, suite)
	}
	dir := importingModule(t, "suites_test.go", source)
	require.Contains(t, runGo(t, dir, "test", "-mod=mod", "."), "ok")
}

// importingModule returns the directory of a module with one file, in which
// this module stands in for its published form.
func importingModule(t *testing.T, name, source string) string {
	t.Helper()
	here, err := os.Getwd()
	require.NoError(t, err)
	sum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	dir := t.TempDir()
	for name, content := range map[string]string{
		name:     source,
		"go.sum": string(sum),
		"go.mod": "module importer\n\ngo 1.25.0\n\nrequire example.com/signalwire v0.0.0\n\nreplace example.com/signalwire => " + here + "\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func runGo(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = dir
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	require.NoError(t, err, stderr.String())
	return string(out)
}
