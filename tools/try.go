package main

import (
	"fmt"
	"io"
	"regexp"
)

var figures = regexp.MustCompile(`\d+ operations, \d+ requests .*`)

// try calls every operation of the client that a document makes, and prints how
// many are right. The error says which are not. It changes nothing.
func try(root, from string, stdin io.Reader, stdout io.Writer) error {
	document, err := readDocument(from, stdin)
	if err != nil {
		return err
	}
	files, _, err := build(root, document)
	if err != nil {
		return err
	}
	over, err := lay(root, files)
	if err != nil {
		return err
	}
	defer over.remove()
	output, err := over.run("go", "test", over.goFlag(), "-v", "-vet=off", "-run=^TestOperations$", "./signalwiretest")
	if err != nil {
		output = err.Error()
	}
	fmt.Fprintln(stdout, figures.FindString(output))
	return err
}
