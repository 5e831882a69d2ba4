// Package worktree lists and copies the files of a repository's work tree.
package worktree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Files returns the paths below root of its regular files: those that git
// tracks or would, or without .git all of them.
func Files(root string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		var names []string
		err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				names = append(names, name)
			}
			return err
		})
		return names, err
	}
	out, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var names []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(root, name))
		switch {
		case errors.Is(err, fs.ErrNotExist): // Tracked and deleted.
		case err != nil:
			return nil, err
		case info.Mode().IsRegular():
			names = append(names, name)
		}
	}
	return names, nil
}

// Copy copies the files of a work tree, without its history, to another
// directory.
func Copy(to, from string) error {
	names, err := Files(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		source, target := filepath.Join(from, name), filepath.Join(to, name)
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		info, err := os.Stat(source)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}
