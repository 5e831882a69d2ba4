// Command spec brings a new vendor's document in and says what changes with it.
//
//	spec update FROM    take the document from a file, an https URL or - (standard
//	                    input), regenerate, and print what changed
//	spec drift          compare the vendor's published page with openapi.yaml
//	spec api-diff REF   compare the contract and the Go API with a git revision
//
// The document is an OpenAPI document or the vendor's Markdown page, which has
// one in a fenced block. Update changes everything or nothing. The exit status
// is 0; 1 if something failed or, for api-diff, changed incompatibly; 2 for a
// usage error; for drift 3 if the page changed, and 1 if it could not tell.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"example.com/signalwire/tools/worktree"
)

// publishedPage is the vendor's page of the operation, as Markdown.
const publishedPage = "https://signalwire.com/docs/compatibility-api/rest/conference-participants/delete-participant.md"

// generated are the files that a document decides, itself included.
var generated = []string{"openapi.yaml", "api/contract.yaml", "client.gen.go"}

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const usage = "usage: spec [-root directory] update FROM | drift [URL] | api-diff REF"

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("spec", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", ".", "the repository's root `directory`")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	status, err := 0, error(nil)
	switch command, operands := flags.Arg(0), flags.Args(); {
	case command == "update" && len(operands) == 2 && operands[1] != "":
		err = update(*root, operands[1], stdin, stdout)
	case command == "drift" && len(operands) == 1:
		status, err = drift(*root, publishedPage, stdout)
	case command == "drift" && len(operands) == 2:
		status, err = drift(*root, operands[1], stdout)
	case command == "api-diff" && len(operands) == 2 && operands[1] != "":
		err = apiDiff(*root, operands[1], stdout)
	default:
		fmt.Fprintln(stderr, usage)
		return 2
	}
	if err != nil {
		fmt.Fprintf(stderr, "spec: %v\n", err)
		return 1
	}
	return status
}

// update tries the document on a copy of the repository, and copies what was
// generated back only if everything went well.
func update(root, from string, stdin io.Reader, stdout io.Writer) error {
	document, err := readDocument(from, stdin)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	candidate, remove, err := regenerate(root, document)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	defer remove()
	changes, err := compare(root, root, candidate)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	changes.print(stdout)
	return install(root, candidate)
}

// regenerate returns a copy of the repository with the document and what is
// generated from it.
func regenerate(root string, document []byte) (candidate string, remove func(), err error) {
	candidate, err = os.MkdirTemp("", "signalwire-spec-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(candidate) }
	err = worktree.Copy(candidate, root)
	if err == nil {
		err = os.WriteFile(filepath.Join(candidate, "openapi.yaml"), document, 0o644)
	}
	if err == nil {
		_, err = command(candidate, "go", "generate", "./...")
	}
	if err == nil {
		_, err = command(candidate, "go", "build", ".", "./api")
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	return candidate, remove, nil
}

// install puts the generated files in their places, or back if it fails.
func install(root, candidate string) error {
	var done []func() error
	for _, name := range generated {
		path := filepath.Join(root, name)
		before, err := os.ReadFile(path)
		if err == nil {
			var after []byte
			if after, err = os.ReadFile(filepath.Join(candidate, name)); err == nil {
				done = append(done, func() error { return os.WriteFile(path, before, 0o644) })
				err = os.WriteFile(path, after, 0o644)
			}
		}
		if err != nil {
			for _, undo := range done {
				err = errors.Join(err, undo())
			}
			return fmt.Errorf("nothing was changed: %w", err)
		}
	}
	return nil
}

const (
	unchanged = 0
	drifted   = 3
)

func drift(root, page string, stdout io.Writer) (status int, err error) {
	published, err := readDocument(page, nil)
	if err != nil {
		return 0, fmt.Errorf("could not tell: %w", err)
	}
	ours, err := os.ReadFile(filepath.Join(root, "openapi.yaml"))
	if err != nil {
		return 0, fmt.Errorf("could not tell: %w", err)
	}
	if bytes.Equal(published, ours) {
		fmt.Fprintln(stdout, "The vendor's page has the document that is checked in.")
		return unchanged, nil
	}
	fmt.Fprintln(stdout, "The vendor's page has another document than the one that is checked in.")
	candidate, remove, err := regenerate(root, published)
	if err != nil {
		fmt.Fprintf(stdout, "The client cannot be made from it as it is:\n%v\n", err)
		return drifted, nil
	}
	defer remove()
	changes, err := compare(root, root, candidate)
	if err != nil {
		fmt.Fprintf(stdout, "What changed could not be found out:\n%v\n", err)
		return drifted, nil
	}
	changes.print(stdout)
	return drifted, nil
}

func apiDiff(root, revision string, stdout io.Writer) error {
	base, err := os.MkdirTemp("", "signalwire-spec-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	if err := checkOut(root, revision, base); err != nil {
		return err
	}
	changes, err := compare(root, base, root)
	if err != nil {
		return err
	}
	changes.print(stdout)
	if changes.breaking {
		return errors.New("the change breaks callers; release it as a new major version, or undo it")
	}
	return nil
}
