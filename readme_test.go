package signalwire_test

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestReadme holds the README's code and the examples together: its first block
// is a program, the others are parts of examples.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme := readFile(t, "README.md")
	require.LessOrEqual(t, strings.Count(readme, "\n"), 150, "it is to be read in five minutes")
	blocks := goBlock.FindAllStringSubmatch(readme, -1)
	require.Greater(t, len(blocks), 1)

	program := blocks[0][1]
	require.Regexp(t, "^package main\n", program)
	require.Equal(t, functionBody(t, readFile(t, "example_test.go"), "Example"), functionBody(t, program, "main"))
	require.NoError(t, typeCheck(t, program))

	examples := withoutBlanks(readFile(t, "example_test.go") + readFile(t, "signalwiretest/example_test.go") + readFile(t, "webhook/example_test.go"))
	for _, block := range blocks[1:] {
		require.Contains(t, examples, withoutBlanks(block[1]))
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestLinks follows the links from one file of the repository to another.
func TestLinks(t *testing.T) {
	t.Parallel()
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "bench/*.md"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		pages = append(pages, found...)
	}
	require.Greater(t, len(pages), 5)
	for _, page := range pages {
		for _, match := range link.FindAllStringSubmatch(readFile(t, page), -1) {
			require.FileExists(t, filepath.Join(filepath.Dir(page), match[1]), page)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(content)
}

func withoutBlanks(text string) string { return strings.Join(strings.Fields(text), " ") }

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
