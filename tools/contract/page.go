package contract

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Extract returns an OpenAPI document as it is, and that of a Markdown page
// byte for byte, without the page's line ends and indentation.
func Extract(text []byte) ([]byte, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	if isOpenAPI(text) {
		return text, nil
	}
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 {
		return nil, errors.New("the document is empty")
	} else if trimmed[0] == '<' {
		return nil, errors.New("this is HTML, not the page's Markdown; does the address end in .md?")
	}
	blocks, err := yamlBlocks(string(text))
	if err != nil {
		return nil, err
	}
	var found [][]byte
	for _, block := range blocks {
		if openapiKey.MatchString(block) {
			found = append(found, []byte(block))
		}
	}
	switch {
	case len(found) == 0:
		return nil, errors.New("this is no OpenAPI document, and no page with one in a fenced YAML block")
	case len(found) > 1:
		return nil, fmt.Errorf("the page has %d OpenAPI documents; save the right one to a file", len(found))
	case !isOpenAPI(found[0]):
		return nil, errors.New("the page's OpenAPI document is not YAML; is it complete?")
	}
	return found[0], nil
}

var openapiKey = regexp.MustCompile(`(?m)^openapi:`)

func isOpenAPI(text []byte) bool {
	var root struct {
		OpenAPI string `yaml:"openapi"`
	}
	return yaml.Unmarshal(text, &root) == nil && root.OpenAPI != ""
}

// fence is a line that opens or closes a code block (CommonMark 0.31, section
// 4.5).
var fence = regexp.MustCompile("^([ \t]*)(`{3,}|~{3,})[ \t]*([A-Za-z]*)(.*)$")

// yamlBlocks returns the fenced YAML blocks of a page without the indentation
// of their fences. A fence that is indented more than three spaces further does
// not close a block: the vendor's descriptions have some.
func yamlBlocks(page string) (blocks []string, err error) {
	var open []string
	var block strings.Builder
	for line := range strings.Lines(page) {
		match := fence.FindStringSubmatch(strings.TrimRight(line, "\n"))
		switch {
		case open == nil:
			open = match
			block.Reset()
		case match != nil && match[3]+strings.TrimSpace(match[4]) == "" && strings.HasPrefix(match[2], open[2]) &&
			len(match[1]) <= len(open[1])+3:
			if language := strings.ToLower(open[3]); language == "yaml" || language == "yml" {
				blocks = append(blocks, block.String())
			}
			open = nil
		default:
			indent := len(line) - len(strings.TrimLeft(line, " \t"))
			block.WriteString(line[min(indent, len(open[1])):])
		}
	}
	if open != nil {
		return nil, errors.New("the page ends inside of a code block; is it complete?")
	}
	return blocks, nil
}
