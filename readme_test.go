package signalwire_test

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestReadmeProgram holds the README's first program and the package's example
// together, and type-checks it.
func TestReadmeProgram(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	program := string(goBlock.FindSubmatch(readme)[1])
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)

	require.Equal(t, functionBody(t, string(example), "Example"), functionBody(t, program, "main"))
	require.NoError(t, typeCheck(t, program))
	require.True(t, strings.HasPrefix(program, "package main\n"))
}

func functionBody(t *testing.T, source, name string) string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, 0)
	require.NoError(t, err)
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok && function.Name.Name == name {
			var b strings.Builder
			require.NoError(t, format.Node(&b, files, function.Body))
			return b.String()
		}
	}
	t.Fatalf("no function %s", name)
	return ""
}
