package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
			copyRepository(t, root)
			testdata := filepath.Join("testdata", dialect)
			copyFile(t, filepath.Join(root, "openapi.yaml"), testdata+".yaml")
			copyFile(t, filepath.Join(root, "grown_test.go"), testdata+"_test.go")

			command(t, root, "go", "generate", "./...")
			require.Empty(t, command(t, root, "gofmt", "-l", "client.gen.go"))
			command(t, root, "go", "vet", ".", "./api", "./signalwiretest", "./cmd/...")
			require.Contains(t, command(t, root, "go", "test", "-v", "-vet=off", "-run=^TestGrown", "."), "--- PASS: TestGrownPost")
		})
	}
}

// copyRepository copies the files that git tracks or would, or, in a copy
// without .git, all of them.
func copyRepository(t *testing.T, to string) {
	t.Helper()
	const from = "../.."
	var names []string
	if _, err := os.Stat(filepath.Join(from, ".git")); err == nil {
		out := command(t, from, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
		names = strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	} else {
		require.NoError(t, fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				names = append(names, name)
			}
			return err
		}))
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(from, name)); errors.Is(err, fs.ErrNotExist) {
			continue // Tracked and deleted.
		}
		copyFile(t, filepath.Join(to, name), filepath.Join(from, name))
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
