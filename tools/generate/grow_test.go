package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/tools/worktree"
)

// TestGrow has the pipeline make clients from grown documents, in each of the
// vendor's two dialects, and calls their operations. Nothing but openapi.yaml
// is replaced.
func TestGrow(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"page", "source"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			require.NoError(t, worktree.Copy(root, "../.."))
			testdata := filepath.Join("testdata", dialect)
			copyFile(t, filepath.Join(root, "openapi.yaml"), testdata+".yaml")
			copyFile(t, filepath.Join(root, "grown", "grown_test.go"), testdata+"_test.go")

			command(t, root, "go", "generate", "./...")
			require.Empty(t, command(t, root, "gofmt", "-l", "client.gen.go"))
			command(t, root, "go", "vet", ".", "./api", "./signalwiretest", "./cmd/...", "./grown")
			require.Contains(t, command(t, root, "go", "test", "-v", "-vet=off", "-run=^TestGrown", "./grown"), "--- PASS: TestGrownPost")
		})
	}
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	content, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
	require.NoError(t, os.WriteFile(to, content, 0o600))
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOPROXY=off")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s %v\n%s", name, args, out)
	return string(out)
}
