package contract

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ownBodies are the functions that api/templates writes in another way than the
// generator does, for reasons that stand there.
var ownBodies = regexp.MustCompile(`^(NewClient|\*Client\.\w+|New\w+Request\w*|Parse\w+Response|\*ClientWithResponses\.\w+)$`)

// ownDeclarations are what the generator has nothing like: what send is told of an
// operation, and the iterators of lists.
var ownDeclarations = regexp.MustCompile(`^([a-z]\w+Operation|\*ClientWithResponses\.\w+Items)$`)

// TestTemplates compares what our templates and the generator's own make of a
// document: the declarations, and all bodies but ownBodies, are the same.
func TestTemplates(t *testing.T) {
	t.Parallel()
	document := []byte(read(t, "testdata/grown.yaml"))
	ours, err := Build(document, repository(nil), generator)
	require.NoError(t, err)
	stock, _, found := strings.Cut(read(t, "../../"+settings), "  user-templates:\n")
	require.True(t, found, "the templates are the last of the settings")
	theirs, err := Build(document, repository(map[string]string{settings: stock}), generator)
	require.NoError(t, err)

	want := declarations(t, theirs.Client)
	delete(want, "*Client.applyEditors") // send, in client.go, does that.
	got := declarations(t, ours.Client)
	for _, name := range []string{"formBody", "formTexts", "formText", "formEncoding"} {
		delete(got, name)
	}
	for name, text := range want {
		if strings.HasSuffix(name, "RequestBody") && strings.HasPrefix(got[name], name+" = ") {
			got[name] = text // The type itself, which keeps its methods.
		}
	}
	maps.DeleteFunc(got, func(name, _ string) bool { return ownDeclarations.MatchString(name) })
	require.Equal(t, want, got)
}

// TestGeneratorsTemplates fails when a new version of the generator has another
// template than the one that ours was compared with. Look at what changed, take
// over what is good, and put the new sum here.
func TestGeneratorsTemplates(t *testing.T) {
	t.Parallel()
	sums := make(map[string]string)
	configuration, err := configure(os.DirFS("../.."), generator)
	require.NoError(t, err)
	for name := range configuration.OutputOptions.UserTemplates {
		template := read(t, filepath.Join(generatorDirectory(t), "pkg/codegen/templates", name))
		sums[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(template)))
	}
	require.Equal(t, map[string]string{
		"client-with-responses.tmpl": "01e28fc263020fab72aa4316d93348a11ebddd98a699894b84dbb7141239bdf8",
		"client.tmpl":                "393820c177b1bcd8a7ae8a39099b4cab95209964bd17d79cb12534f7a65d677c",
		"imports.tmpl":               "e79731c9a8e0d7104fac1f84e536919fface08f77bfe21d390a1f3f5e87f95d5",
		"request-bodies.tmpl":        "454074b0068ad26217d958c4e15f0a310e7eb5735d427809034ff59255451748",
	}, sums)
}

// generatorDirectory has the generator's source.
func generatorDirectory(t *testing.T) string {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f={{.Dir}}", "github.com/oapi-codegen/oapi-codegen/v2").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(module))
}

// TestReserved finds a name in the generated functions that a path parameter
// would hide.
func TestReserved(t *testing.T) {
	t.Parallel()
	result, err := Build([]byte(read(t, "testdata/grown.yaml")), repository(nil), generator)
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), "", result.Client, parser.SkipObjectResolution)
	require.NoError(t, err)
	checked := 0
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || !takesAccountSid(function) {
			continue
		}
		parameters := map[string]bool{}
		for _, field := range function.Type.Params.List {
			for _, name := range field.Names {
				parameters[name.Name] = !isReserved(name.Name)
			}
		}
		ast.Inspect(function, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.SelectorExpr: // A field or method cannot be hidden.
				if name, ok := node.X.(*ast.Ident); ok {
					require.True(t, ast.IsExported(name.Name) || parameters[name.Name] || isReserved(name.Name), name.Name)
				}
				return false
			case *ast.Ident:
				checked++
				operation := strings.HasSuffix(node.Name, "Operation")
				require.True(t, ast.IsExported(node.Name) || parameters[node.Name] || isReserved(node.Name) || operation || isField(node.Name), node.Name)
			}
			return true
		})
	}
	require.Greater(t, checked, 100)
}

// takesAccountSid reports whether a function has a parameter that every path of the
// test data has.
func takesAccountSid(function *ast.FuncDecl) bool {
	for _, field := range function.Type.Params.List {
		for _, name := range field.Names {
			if name.Name == "accountSid" {
				return true
			}
		}
	}
	return false
}

// isField reports whether a name is a field of a struct that the generated
// functions fill in.
func isField(name string) bool {
	return slices.Contains([]string{"operation", "request", "parse", "page", "isJSON", "style", "separator"}, name)
}

// declarations are what a Go file declares, by name, without comments, imports
// and ownBodies.
func declarations(t *testing.T, source []byte) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", source, parser.SkipObjectResolution)
	require.NoError(t, err)
	text := func(node any) string {
		var b bytes.Buffer
		require.NoError(t, format.Node(&b, files, node))
		return strings.Join(strings.Fields(b.String()), " ") // Without the layout.
	}
	all := make(map[string]string)
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = text(d.Recv.List[0].Type) + "." + name
			}
			if ownBodies.MatchString(name) {
				d.Body = nil
			}
			all[name] = text(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if d.Tok != token.IMPORT {
					all[strings.Fields(text(spec))[0]] = text(spec)
				}
			}
		}
	}
	return all
}
