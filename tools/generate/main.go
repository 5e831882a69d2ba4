// Command generate makes the client from the contract.
//
//	go -C tools run ./generate [-root directory]
//
// It applies api/go.overlay.yaml to api/contract.yaml, adds what an overlay
// cannot compute (see forGo), and runs the pinned oapi-codegen on the result
// with api/oapi-codegen.yaml. The contract itself stays as it is. An action of
// the overlay that matches nothing is no failure and is not reported: most of
// them are general, and wait for operations that the contract does not have
// yet.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"example.com/signalwire/tools/yamldoc"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", "..", "the repository's root `directory`")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 0 {
		fmt.Fprintln(stderr, "usage: generate [-root directory]")
		return 2
	}
	if err := generate(*root, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "generate: %v\n", err)
		return 1
	}
	return 0
}

func generate(root string, stdout, stderr io.Writer) error {
	contract := filepath.Join(root, "api", "contract.yaml")
	raw, err := os.ReadFile(contract)
	if err != nil {
		return err
	}
	document, err := yamldoc.Parse(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", contract, err)
	}
	if _, err := yamldoc.Apply(filepath.Join(root, "api", "go.overlay.yaml"), document); err != nil {
		return err
	}
	if err := forGo(document.Content[0]); err != nil {
		return fmt.Errorf("%s: %w", contract, err)
	}
	input, err := yamldoc.Encode(document)
	if err != nil {
		return err
	}

	temporary, err := os.CreateTemp("", "contract.*.yaml")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(input)
	if err := errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	command := exec.Command("go", "tool", "-modfile=tools/go.mod", "oapi-codegen",
		"-config", "api/oapi-codegen.yaml", temporary.Name())
	command.Dir, command.Stdout, command.Stderr = root, stdout, stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("oapi-codegen: %w", err)
	}
	return nil
}
