package signalwire_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRequires holds the generated code's modules in go.mod as direct requirements.
// A contract whose operations have no query parameter needs package runtime for
// nothing else, and the next one does need it.
func TestRequires(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	client, err := os.ReadFile("client.gen.go")
	require.NoError(t, err)
	require.Contains(t, string(client), "\t\"github.com/oapi-codegen/runtime\"\n")
	for _, direct := range []string{"oapi-codegen/runtime", "google/uuid"} {
		require.Regexp(t, `(?m)^\tgithub\.com/`+direct+` v\S+$`, string(module))
	}
}
