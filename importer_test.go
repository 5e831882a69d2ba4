package signalwire_test

import (
	"os"
	"os/exec"
	"path/filepath"
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
	require.NotContains(t, strings.Fields(runGo(t, ".", "list", "-deps", ".", "./cmd/...", "./signalwiretest")), "testing")
}

// TestImporter builds a program in a module of its own.
func TestImporter(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	sum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	write("go.sum", string(sum))
	write("go.mod", "module importer\n\ngo 1.25.0\n\nrequire example.com/signalwire v0.0.0\n\nreplace example.com/signalwire => "+here+"\n")
	write("main.go", `package main

import (
	"context"
	"fmt"

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
}
`)
	require.Equal(t, "true error marshaling '' as text: signalwire: the account SID is zero; parse one first\n", runGo(t, dir, "run", "-mod=mod", "."))
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
