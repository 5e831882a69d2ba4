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

	"example.com/signalwire/tools/worktree"
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
	for _, path := range []string{"", "signalwire", "host.test/", "/host.test/a", "host.test/a b", "https://host.test/a", "host.test/a/../b", "host.test/a/v1", "host.test/a\nb", "host.test/a@v1", "host.test/a.", "gopkg.in/a"} {
		var stderr bytes.Buffer
		require.Equal(t, 2, run([]string{"-root", root, path}, &stderr), path)
		require.Contains(t, stderr.String(), "not a module path")
		require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
	}
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	require.Equal(t, "module "+oldPath+"\n", string(content))
}

// TestFiles shows which files are rewritten and how.
func TestFiles(t *testing.T) {
	t.Parallel()
	for name, tracked := range map[string]bool{"with git": true, "without git": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			path := func(name string) string { return filepath.Join(root, name) }
			for name, content := range map[string]string{
				"go.mod":      "module " + oldPath + "\n",
				"a.go":        "package a\n\nimport (\n\t_ \"" + oldPath + "/b\"\n\t_ \"gitlab.test/c\"\n)\n",
				"run":         "#!/bin/sh\n# " + oldPath + "\n",
				"binary":      oldPath + "\x00",
				"not tracked": oldPath,
				"ignored":     oldPath,
				"deleted":     oldPath,
			} {
				require.NoError(t, os.WriteFile(path(name), []byte(content), 0o600))
			}
			require.NoError(t, os.Chmod(path("run"), 0o750))
			require.NoError(t, os.Symlink("nowhere", path("link")))
			if tracked {
				command(t, root, "git", "init", "-q")
				command(t, root, "git", "add", "--all", ":!not tracked", ":!ignored")
				require.NoError(t, os.WriteFile(path(".gitignore"), []byte("ignored\n"), 0o600))
			}
			require.NoError(t, os.Remove(path("deleted")))

			var stderr bytes.Buffer
			require.Zero(t, run([]string{"-root", root, "host.test/new"}, &stderr), stderr.String())
			want := map[string]string{
				"go.mod":      "module host.test/new\n",
				"a.go":        "package a\n\nimport (\n\t_ \"gitlab.test/c\"\n\t_ \"host.test/new/b\"\n)\n",
				"run":         "#!/bin/sh\n# host.test/new\n",
				"binary":      oldPath + "\x00",
				"not tracked": "host.test/new",
				"ignored":     "host.test/new",
			}
			if tracked {
				want["ignored"] = oldPath
			}
			for name, content := range want {
				got, err := os.ReadFile(path(name))
				require.NoError(t, err)
				require.Equal(t, content, string(got), name)
			}
			info, err := os.Stat(path("run"))
			require.NoError(t, err)
			require.Equal(t, fs.FileMode(0o750), info.Mode().Perm())
			require.NoFileExists(t, path("deleted"))
		})
	}
}

// TestAllOrNothing has one Go file that cannot be formatted.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	goMod := filepath.Join(root, "go.mod")
	require.NoError(t, os.WriteFile(goMod, []byte("module "+oldPath+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, "z.go"), []byte("no Go: "+oldPath), 0o600))
	var stderr bytes.Buffer
	require.Equal(t, 1, run([]string{"-root", root, "host.test/new"}, &stderr))
	require.Contains(t, stderr.String(), "z.go")
	content, err := os.ReadFile(goMod)
	require.NoError(t, err)
	require.Equal(t, "module "+oldPath+"\n", string(content))
}

// TestRenameRepository renames a copy of this repository and builds it.
func TestRenameRepository(t *testing.T) {
	t.Parallel()
	root, pristine := filepath.Join(t.TempDir(), "copy"), filepath.Join(t.TempDir(), "pristine")
	require.NoError(t, worktree.Copy(root, "../.."))
	require.NoError(t, worktree.Copy(pristine, root))
	command(t, root, "git", "init", "-q")
	command(t, root, "git", "add", "--all")
	current := strings.TrimSpace(command(t, root, "go", "list", "-m"))

	const renamed = "github.com" + "/acme/signalwire-go" // Put together, as above.
	command(t, root, "make", "rename", "MODULE="+renamed)

	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		content, err := os.ReadFile(path)
		require.NotContains(t, string(content), current, path)
		return err
	}))
	for _, module := range []string{".", "tools"} {
		require.Contains(t, command(t, filepath.Join(root, module), "go", "list", "-m"), renamed)
		command(t, filepath.Join(root, module), "go", "build", "./...")
		command(t, filepath.Join(root, module), "go", "vet", "./...")
	}
	require.Empty(t, command(t, root, "gofmt", "-l", "."))
	require.Contains(t, command(t, root, "make", "run"), "removed")

	command(t, root, "make", "rename", "MODULE="+current)
	require.Empty(t, command(t, root, "diff", "-r", "--exclude=.git", ".", pristine))
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
