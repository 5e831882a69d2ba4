// Command rename gives the module another path: in every go.mod, import and
// text of the repository.
//
//	rename [-root directory] NEW/MODULE/PATH
//
// The path that it replaces is that of the root's go.mod, so it can be run
// again. Go files are formatted anew, because the order of imports may change.
// The package keeps its name.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("rename", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", "..", "the repository's root `directory`")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(stderr, "usage: rename [-root directory] NEW/MODULE/PATH")
		return 2
	}
	if err := module.CheckPath(flags.Arg(0)); err != nil {
		fmt.Fprintf(stderr, "rename: not a module path: %v\n", err)
		return 2
	}
	if err := rename(*root, flags.Arg(0)); err != nil {
		fmt.Fprintf(stderr, "rename: %v\n", err)
		return 1
	}
	return 0
}

func rename(root, newPath string) error {
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	oldPath := modfile.ModulePath(goMod)
	if oldPath == "" {
		return errors.New("the root's go.mod names no module")
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		return rewrite(path, oldPath, newPath)
	})
}

func rewrite(path, oldPath, newPath string) error {
	before, err := os.ReadFile(path)
	if err != nil || !utf8.Valid(before) {
		return err
	}
	after := replacePath(before, oldPath, newPath)
	if bytes.Equal(before, after) {
		return nil
	}
	if strings.HasSuffix(path, ".go") {
		if after, err = format.Source(after); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, after, info.Mode().Perm())
}

// replacePath replaces a module path where it is not part of a longer host or
// path element. A full stop may follow it, as in prose.
func replacePath(text []byte, oldPath, newPath string) []byte {
	path := regexp.MustCompile(`([A-Za-z0-9._~-]?)` + regexp.QuoteMeta(oldPath) + `(\.?[A-Za-z0-9_~-])?`)
	return path.ReplaceAllFunc(text, func(match []byte) []byte {
		before, after, _ := bytes.Cut(match, []byte(oldPath))
		if len(before) > 0 || len(after) > 0 {
			return match
		}
		return []byte(newPath)
	})
}
