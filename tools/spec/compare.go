package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// changes are what two trees of the repository differ in.
type changes struct {
	wire, goAPI string // as the tools print them, "" if nothing changed
	breaking    bool
}

func (c changes) print(w io.Writer) {
	for _, part := range []struct{ title, text string }{
		{"The contract", c.wire},
		{"The Go API", c.goAPI},
	} {
		if part.text == "" {
			part.text = "No changes."
		}
		fmt.Fprintf(w, "%s\n\n%s\n\n", part.title, strings.TrimSpace(part.text))
	}
	if c.breaking {
		fmt.Fprintln(w, "Some of these changes break callers.")
	}
}

// compare uses the tools that are pinned below root.
func compare(root, before, after string) (changes, error) {
	pins, err := filepath.Abs(filepath.Join(root, "tools", "dev", "go.mod"))
	if err != nil {
		return changes{}, err
	}
	tool := func(dir string, args ...string) (string, error) {
		return command(dir, "go", append([]string{"tool", "-modfile=" + pins}, args...)...)
	}
	const contract = "api/contract.yaml"
	wire, err := tool(root, "oasdiff", "changelog", "--include-path-params", filepath.Join(before, contract), filepath.Join(after, contract))
	if err != nil {
		return changes{}, err
	}
	if strings.HasPrefix(wire, "No changes") {
		wire = ""
	}
	c := changes{
		wire:     strings.NewReplacer(before+"/", "", after+"/", "").Replace(wire),
		breaking: breakingOnWire.MatchString(wire),
	}
	goAPI, err := compareGo(tool, before, after)
	c.goAPI = goAPI
	c.breaking = c.breaking || breaksGo(goAPI)
	return c, err
}

// grownInterface is a generated interface that got a method for another
// operation. apidiff rightly calls that incompatible; the two interfaces grow
// with the document, and nobody else is to implement them.
var grownInterface = regexp.MustCompile(`(?m)^- Client(WithResponses)?Interface\.\w+: added\n?`)

func breaksGo(report string) bool {
	report = grownInterface.ReplaceAllString(report, "")
	return strings.Contains(report, "Incompatible changes:\n- ") || strings.Contains(report, packageGone)
}

// breakingOnWire is how oasdiff begins the lines of a change that breaks callers,
// or may.
var breakingOnWire = regexp.MustCompile(`(?m)^(error|warning)\b`)

const packageGone = "the package is gone"

// compareGo compares every package that can be imported.
func compareGo(tool func(dir string, args ...string) (string, error), before, after string) (string, error) {
	exports, err := os.MkdirTemp("", "signalwire-spec-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(exports)
	packages := func(tree string) ([]string, error) {
		list, err := command(tree, "go", "list", "-f", `{{if ne .Name "main"}}{{.ImportPath}}{{end}}`, "./...")
		return strings.Fields(list), err
	}
	old, err := packages(before)
	if err != nil {
		return "", err
	}
	current, err := packages(after)
	if err != nil {
		return "", err
	}
	var report strings.Builder
	for _, name := range old {
		if !slices.Contains(current, name) {
			fmt.Fprintf(&report, "%s: %s\n", name, packageGone)
			continue
		}
		a, b := filepath.Join(exports, "before"), filepath.Join(exports, "after")
		if _, err := tool(before, "apidiff", "-w", a, name); err != nil {
			return "", err
		}
		if _, err := tool(after, "apidiff", "-w", b, name); err != nil {
			return "", err
		}
		difference, err := tool(after, "apidiff", a, b)
		if err != nil {
			return "", err
		}
		if difference != "" {
			fmt.Fprintf(&report, "%s\n%s\n", name, difference)
		}
	}
	return report.String(), nil
}

// command runs a program and returns its standard output. The error holds what
// it printed.
func command(dir, name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Dir = dir
	// Without -trimpath everything would be built anew for each copy of the tree.
	c.Env = append(os.Environ(), strings.TrimSpace("GOFLAGS="+os.Getenv("GOFLAGS")+" -trimpath"))
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		printed := strings.TrimSpace(stdout.String() + stderr.String())
		return "", fmt.Errorf("%s %s: %w\n%s", name, args[0], err, printed)
	}
	return stdout.String(), nil
}

// checkOut writes the files of a git revision into a directory.
func checkOut(root, revision, to string) error {
	if strings.HasPrefix(revision, "-") {
		return errors.New("the revision begins with a hyphen")
	}
	archive, err := command(root, "git", "archive", "--format=tar", revision)
	if err != nil {
		return err
	}
	files := tar.NewReader(strings.NewReader(archive))
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(header.Name) {
			return fmt.Errorf("the revision has a file outside of the repository: %q", header.Name)
		}
		path := filepath.Join(to, header.Name)
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o755)
		case tar.TypeReg:
			var content []byte
			if content, err = io.ReadAll(files); err == nil {
				err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644))
			}
		}
		if err != nil {
			return err
		}
	}
}
