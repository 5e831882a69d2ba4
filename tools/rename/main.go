// Command rename gives the module another path: in every go.mod, import and
// text of the repository. make rename calls it as
//
//	go -C tools run ./rename [-root directory] NEW/MODULE/PATH
//
// It looks at the files that git tracks or would or, without .git, at all.
// The path that it replaces is that of the root's go.mod, so it can be run
// again. Go files are formatted anew, because the order of imports may change;
// if one cannot be, nothing is written. The package keeps its name.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"example.com/signalwire/tools/worktree"
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
	names, err := worktree.Files(root)
	if err != nil {
		return err
	}
	changed := map[string][]byte{}
	for _, name := range names {
		path := filepath.Join(root, name)
		before, err := read(path)
		if err != nil {
			return err
		}
		after := replacePath(before, oldPath, newPath)
		if bytes.Equal(before, after) {
			continue
		}
		if strings.HasSuffix(path, ".go") {
			if after, err = format.Source(after); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		changed[path] = after
	}
	for path, content := range changed {
		// The file is there, so it keeps its permissions.
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// read returns the content of a text file, and nothing for what is no text.
func read(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil || !utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0 {
		return nil, err
	}
	return content, nil
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
