package signalwire_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGeneratedDocs: generated methods and types say what a caller of New gets.
func TestGeneratedDocs(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "client.gen.go", nil, parser.ParseComments)
	require.NoError(t, err)
	docs, err := doc.NewFromFiles(files, []*ast.File{file}, "example.com/signalwire")
	require.NoError(t, err)
	var methods, types int
	for _, typ := range docs.Types {
		require.NotEmpty(t, typ.Doc, typ.Name)
		if _, isModel := strings.CutSuffix(typ.Name, "ErrorResponse"); !isModel && strings.HasSuffix(typ.Name, "Response") {
			types++
			require.Contains(t, typ.Doc, "[New]", typ.Name)
		}
		for _, method := range typ.Methods {
			require.NotEmpty(t, method.Doc, method.Name)
			if typ.Name == "Client" || typ.Name == "ClientWithResponses" {
				methods++
				require.Contains(t, method.Doc, "[New]", method.Name)
				require.Contains(t, method.Doc, "a nil error means", method.Name)
			}
		}
	}
	require.NotZero(t, methods)
	require.NotZero(t, types)
}
