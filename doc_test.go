package signalwire_test

import (
	"context"
	"errors"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"example.com/signalwire"
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
		if isResponse := slices.ContainsFunc(typ.Methods, func(f *doc.Func) bool { return f.Name == "StatusCode" }); isResponse {
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

// TestTimeLimitsAreNotTheContexts, as the package comment says: a transport's own
// timeouts match context.DeadlineExceeded, and a Doer's limits do not.
func TestTimeLimitsAreNotTheContexts(t *testing.T) {
	t.Parallel()
	hangs := func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
	dialer := &net.Dialer{Deadline: time.Unix(1, 0)}
	for _, tt := range []struct {
		name    string
		doer    *signalwire.Doer
		matches bool
	}{
		{"AttemptTimeout", &signalwire.Doer{HTTPClient: sender(hangs), MaxAttempts: 1, AttemptTimeout: time.Second}, false},
		{"MaxElapsed", &signalwire.Doer{HTTPClient: sender(hangs), MaxElapsed: time.Second}, false},
		{"http.Client's Timeout", &signalwire.Doer{HTTPClient: &http.Client{Transport: sender(hangs), Timeout: time.Second}, MaxAttempts: 1}, false},
		{"dialer", &signalwire.Doer{HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}, MaxAttempts: 1}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				_, err := remove(t, newMemoryClient(t, tt.doer))
				require.True(t, requireTransportError(t, err).Timeout())
				require.Equal(t, tt.matches, errors.Is(err, context.DeadlineExceeded), "%v", err)
				require.NoError(t, t.Context().Err())
			})
		})
	}
}
