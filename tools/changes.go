package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A layer lies over the repository: the go command, and what uses it, sees the
// layer's files in place of those on disk.
type layer struct{ root, dir string }

// lay makes a layer of files, which are named relative to the root.
func lay(root string, files map[string][]byte) (layer, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return layer{}, err
	}
	dir, err := os.MkdirTemp("", "signalwire-tools-")
	if err != nil {
		return layer{}, err
	}
	over := layer{root, dir}
	replace := make(map[string]string)
	for name, content := range files {
		replace[filepath.Join(root, name)] = over.path(name)
		err = errors.Join(err, os.WriteFile(over.path(name), content, 0o600))
	}
	index, err2 := json.Marshal(map[string]any{"Replace": replace})
	if err := errors.Join(err, err2, os.WriteFile(over.path("overlay.json"), index, 0o600)); err != nil {
		over.remove()
		return layer{}, err
	}
	return over, nil
}

func (l layer) path(name string) string { return filepath.Join(l.dir, filepath.Base(name)) }

func (l layer) remove() { _ = os.RemoveAll(l.dir) }

// goFlag makes the go command see the layer.
func (l layer) goFlag() string { return "-overlay=" + l.path("overlay.json") }

// vet says which of the repository's modules do not compile with the layer.
func (l layer) vet() (err error) {
	for _, module := range []string{".", "tools", "bench"} {
		_, failure := l.run("go", "-C", module, "vet", l.goFlag(), "./...")
		err = errors.Join(err, failure)
	}
	return err
}

// changes reports what the layer changes for callers.
func (l layer) changes() (string, error) {
	report, err := l.run("sh", "tools/api-diff.sh", contractFile, ".", l.path(contractFile), "'"+l.goFlag()+"'")
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 { // Something breaks callers.
		err = nil
	}
	return report, err
}

// run runs a program in the root and returns its standard output. The error
// holds what it printed.
func (l layer) run(name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Dir = l.root
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, strings.TrimSpace(stdout.String()+stderr.String()))
	}
	return stdout.String(), err
}
