package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The path is put together, so that renaming this repository leaves it alone.
const oldPath = "example" + ".org/old"

func TestReplacePath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{oldPath, "host/new"},
		{`import "` + oldPath + `/api"`, `import "host/new/api"`},
		{oldPath + "@v1.2.3", "host/new@v1.2.3"},
		{"See " + oldPath + ".", "See host/new."},
		{"`" + oldPath + "`, " + oldPath + " " + oldPath + "\n", "`host/new`, host/new host/new\n"},
		{"not" + oldPath, "not" + oldPath},
		{"sub." + oldPath, "sub." + oldPath},
		{"https://pkg.go.dev/" + oldPath, "https://pkg.go.dev/host/new"},
		{oldPath + "er", oldPath + "er"},
		{oldPath + "-x", oldPath + "-x"},
		{oldPath + ".v2", oldPath + ".v2"},
	} {
		require.Equal(t, tt.want, string(replacePath([]byte(tt.text), oldPath, "host/new")))
	}
}

func TestRejectsPaths(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module "+oldPath+"\n"), 0o600))
	for _, path := range []string{"", "signalwire", "host.test/", "/host.test/a", "host.test/a b", "https://host.test/a", "host.test/a/../b", "host.test/a/v1"} {
		var stderr bytes.Buffer
		require.Equal(t, 2, run([]string{"-root", root, path}, &stderr), path)
		require.Contains(t, stderr.String(), "not a module path")
	}
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	require.Equal(t, "module "+oldPath+"\n", string(content))
}

// TestRenameRepository renames a copy of this repository and builds it.
func TestRenameRepository(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, copyTree(root, "../.."))
	current := strings.TrimSpace(command(t, "../..", "go", "list", "-m"))

	const renamed = "code.test" + "/somebody/signalwire-go" // Put together, as above.
	command(t, root, "make", "rename", "MODULE="+renamed)

	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		require.NotContains(t, string(content), current, path)
		return err
	}))
	for _, module := range []string{".", "tools"} {
		require.Contains(t, command(t, filepath.Join(root, module), "go", "list", "-m"), renamed)
		command(t, filepath.Join(root, module), "go", "vet", "./...")
	}
	require.Empty(t, command(t, root, "gofmt", "-l", "."))
	require.Contains(t, command(t, root, "make", "run"), "removed")

	command(t, root, "make", "rename", "MODULE="+current)
	require.Empty(t, command(t, root, "diff", "-r", "--exclude=.git", "--exclude=bin", ".", must(filepath.Abs("../.."))))
}

// copyTree copies a work tree without its history.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, info.Mode().Perm())
	})
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "MAKEFLAGS=", "GOFLAGS=-mod=mod -buildvcs=false", "GOPROXY=off")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s %v\n%s", name, args, out)
	return string(out)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
