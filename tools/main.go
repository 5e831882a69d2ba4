// Command tools makes the client from the vendor's document, and takes a new
// document in.
//
//	tools generate      make the contract and the client from openapi.yaml
//	tools check         fail if they are not what openapi.yaml makes
//	tools update FROM   take a document in from a file, an https URL or -
//	                    (standard input), and print what changes
//	tools try FROM      call every operation of the client that a document makes
//	tools drift [FROM]  compare openapi.yaml with what api/source.txt names, which
//	                    is the address of the last update that had one
//
// A document is an OpenAPI document, or the vendor's Markdown page, which has
// one in a fenced block. Whatever fails changes nothing. The exit status is 0, 1
// if something is wrong, and 2 for a usage error.
//
// Package contract does the work. Update and drift run what OASDIFF and APIDIFF
// in the environment say, which the Makefile sets.
package main

import (
	"bytes"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"example.com/signalwire/tools/contract"
)

// The files that a document decides, itself included.
const (
	documentFile = "openapi.yaml"
	contractFile = "api/contract.yaml"
	clientFile   = "client.gen.go"
)

// sourceFile has the address that openapi.yaml came from.
const sourceFile = "api/source.txt"

//go:embed go.mod
var pins string

// generator is the module and version of oapi-codegen.
var generator = regexp.MustCompile(`github\.com/oapi-codegen/oapi-codegen/v2 v\S+`).FindString(pins)

const usage = "usage: tools [-root directory] generate | check | update FROM | try FROM | drift [FROM]"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("tools", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", ".", "the repository's root `directory`")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var err error
	switch verb, operand := flags.Arg(0), flags.Arg(1); {
	case verb == "generate" && flags.NArg() == 1:
		err = generate(*root, stdout)
	case verb == "check" && flags.NArg() == 1:
		err = check(*root, stdout)
	case verb == "update" && flags.NArg() == 2 && operand != "":
		err = update(*root, operand, stdin, stdout)
	case verb == "try" && flags.NArg() == 2 && operand != "":
		err = try(*root, operand, stdin, stdout)
	case verb == "drift" && flags.NArg() <= 2:
		err = drift(*root, operand, stdin, stdout)
	default:
		fmt.Fprintln(stderr, usage)
		return 2
	}
	if err != nil {
		fmt.Fprintf(stderr, "tools: %v\n", err)
		return 1
	}
	return 0
}

// build makes everything that a document decides, by file name.
func build(root string, document []byte) (files map[string][]byte, notices []string, err error) {
	result, err := contract.Build(document, os.DirFS(root), generator)
	if err != nil {
		return nil, nil, err
	}
	if len(result.Findings) > 0 {
		text := fmt.Sprintf("the document does not become a contract (%d findings); correct it in the overlay, never in the document", len(result.Findings))
		for _, finding := range result.Findings {
			text += "\n" + finding.String()
		}
		return nil, nil, errors.New(text)
	}
	return map[string][]byte{documentFile: document, contractFile: result.Contract, clientFile: result.Client}, result.Notices, nil
}

// rebuild makes what the repository's own document decides.
func rebuild(root string) (files map[string][]byte, notices []string, err error) {
	document, err := os.ReadFile(filepath.Join(root, documentFile))
	if err != nil {
		return nil, nil, err
	}
	return build(root, document)
}

func generate(root string, stdout io.Writer) error {
	files, notices, err := rebuild(root)
	if err != nil {
		return err
	}
	for _, line := range notices {
		fmt.Fprintln(stdout, line)
	}
	return install(root, files)
}

func check(root string, stdout io.Writer) error {
	files, notices, err := rebuild(root)
	if err != nil {
		return err
	}
	for _, line := range notices {
		fmt.Fprintln(stdout, line)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil {
			return err
		} else if !bytes.Equal(got, want) {
			return fmt.Errorf("%s is not what its inputs make; run make generate, look at git diff, and commit it", name)
		}
	}
	return nil
}

func update(root, from string, stdin io.Reader, stdout io.Writer) error {
	document, err := readDocument(from, stdin)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	files, report, err := tryOut(root, document)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	fmt.Fprint(stdout, report)
	if isAddress(from) {
		files[sourceFile] = []byte(from + "\n")
	} else {
		fmt.Fprintf(stdout, "\n%s stays as it is, because this came from no address; make drift compares with what it names.\n", sourceFile)
	}
	return install(root, files)
}

// tryOut makes the files from a document, and reports what they change. There
// may be a report and an error.
func tryOut(root string, document []byte) (files map[string][]byte, report string, err error) {
	files, notices, err := build(root, document)
	if err != nil {
		return nil, "", err
	}
	over, err := lay(root, files)
	if err != nil {
		return nil, "", err
	}
	defer over.remove()
	report, err = over.changes()
	if failure := over.vet(); failure != nil {
		err = fmt.Errorf("the repository does not compile with it: %w", failure)
	}
	for _, line := range notices {
		report += line + "\n"
	}
	return files, report, err
}

// install replaces the files that differ. All are complete beside their places
// before the first is replaced. The document comes last, so that make generate
// goes back to the old one if this is interrupted.
func install(root string, files map[string][]byte) error {
	var ready []func() error
	for _, name := range []string{contractFile, clientFile, sourceFile, documentFile} {
		path := filepath.Join(root, name)
		if files[name] == nil {
			continue
		} else if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, files[name]) {
			continue
		}
		temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
		if err != nil {
			return err
		}
		defer os.Remove(temporary.Name())
		_, err = temporary.Write(files[name])
		if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
			return err
		}
		ready = append(ready, func() error { return os.Rename(temporary.Name(), path) })
	}
	for _, replace := range ready {
		if err := replace(); err != nil {
			return err
		}
	}
	return nil
}

func drift(root, from string, stdin io.Reader, stdout io.Writer) error {
	if from == "" {
		address, err := os.ReadFile(filepath.Join(root, sourceFile))
		if err != nil {
			return fmt.Errorf("could not tell: %w", err)
		}
		from = strings.TrimSpace(string(address))
	}
	published, err := readDocument(from, stdin)
	if err != nil {
		return fmt.Errorf("could not tell: %w", err)
	}
	ours, err := os.ReadFile(filepath.Join(root, documentFile))
	if err != nil {
		return fmt.Errorf("could not tell: %w", err)
	}
	if bytes.Equal(published, ours) {
		fmt.Fprintln(stdout, "The document that is checked in is the one at "+from)
		return nil
	}
	fmt.Fprintln(stdout, "The document that is checked in is not the one at "+from)
	_, report, err := tryOut(root, published)
	fmt.Fprint(stdout, report)
	if err != nil {
		fmt.Fprintf(stdout, "It cannot be taken in as it is: %v\n", err)
	}
	return errors.New("the vendor's document changed; make update-spec takes it in")
}
