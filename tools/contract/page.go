package contract

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Extract returns an OpenAPI document as it is, and that of a Markdown page
// byte for byte, without the page's line ends and indentation. The error names
// the line.
func Extract(text []byte) ([]byte, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 {
		return nil, errors.New("the document is empty")
	} else if trimmed[0] == '<' {
		return nil, errors.New("this is HTML, not the page's Markdown; does the address end in .md?")
	}
	if err := isOpenAPI(text); err == nil || document.Match(text) {
		return text, err
	}
	if err := readable(text); err != nil {
		return nil, err
	}
	blocks, err := yamlBlocks(string(text))
	if err != nil {
		return nil, err
	}
	blocks = slices.DeleteFunc(blocks, func(b block) bool { return !openapiKey.MatchString(b.text) })
	switch len(blocks) {
	case 0:
		return nil, errors.New("this is no OpenAPI document, and no page with one in a fenced YAML block")
	case 1:
		// The lines before it make the error name the page's line.
		if err := isOpenAPI([]byte(strings.Repeat("\n", blocks[0].line) + blocks[0].text)); err != nil {
			return nil, fmt.Errorf("the page's OpenAPI document: %w; is it complete?", err)
		}
		return []byte(blocks[0].text), nil
	}
	return nil, fmt.Errorf("the page has %d OpenAPI documents; save the right one to a file", len(blocks))
}

var (
	openapiKey = regexp.MustCompile(`(?m)^openapi:`)

	// document is how a document begins, and no page: with JSON, or with a field
	// of an OpenAPI Object, after comments and a directive.
	document = regexp.MustCompile(`\A(?:\s*(?:#.*|---|%.*)?\n)*(?:\{|["']?(?:openapi|swagger|info|jsonSchemaDialect|servers|paths|webhooks|components|security|tags|externalDocs)["']?\s*:)`)
)

// isOpenAPI says why a text is no OpenAPI document.
func isOpenAPI(text []byte) error {
	tree, err := parse(text)
	if err == nil && get(tree.Content[0], "openapi") == nil {
		err = errors.New("not an OpenAPI document: the root has no openapi, the version")
	}
	return err
}

// fence is a line that opens or closes a code block (CommonMark 0.31, section
// 4.5).
var fence = regexp.MustCompile("^([ \t]*)(`{3,}|~{3,})[ \t]*([A-Za-z]*)(.*)$")

// A block is the text of a code block, and the number of lines before it.
type block struct {
	line int
	text string
}

// yamlBlocks returns the fenced YAML blocks of a page without the indentation
// of their fences. A fence that is indented more than three spaces further does
// not close a block: the vendor's descriptions have some.
func yamlBlocks(page string) (blocks []block, err error) {
	var open []string
	var inside strings.Builder
	number, start := 0, 0
	for line := range strings.Lines(page) {
		number++
		match := fence.FindStringSubmatch(strings.TrimRight(line, "\n"))
		switch {
		case open == nil:
			open, start = match, number
			inside.Reset()
		case match != nil && match[3]+strings.TrimSpace(match[4]) == "" && strings.HasPrefix(match[2], open[2]) &&
			len(match[1]) <= len(open[1])+3:
			if language := strings.ToLower(open[3]); language == "yaml" || language == "yml" {
				blocks = append(blocks, block{start, inside.String()})
			}
			open = nil
		default:
			indent := len(line) - len(strings.TrimLeft(line, " \t"))
			inside.WriteString(line[min(indent, len(open[1])):])
		}
	}
	if open != nil {
		return nil, errors.New("the page ends inside of a code block; is it complete?")
	}
	return blocks, nil
}
