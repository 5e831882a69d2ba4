package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// parse reads exactly one document, in YAML or JSON, whose root is a mapping. The
// result is a tree, so that the order of keys stays, without aliases. The error
// names the line.
func parse(raw []byte) (*yaml.Node, error) {
	if err := readable(raw); err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	read, language := readYAML, "YAML"
	if jsonStart.Match(raw) {
		read, language = readJSON, "JSON"
	}
	tree, err := read(raw)
	switch {
	case errors.Is(err, io.EOF) || err == nil && tree.Tag == "!!null":
		return nil, errors.New("the file is empty")
	case err != nil:
		return nil, fmt.Errorf("not %s: %w", language, err)
	case tree.Kind != yaml.MappingNode:
		return nil, errors.New("not an OpenAPI document: the root is not a mapping")
	}
	nodes := maxNodes
	if tree, err = plain(tree, &nodes); err != nil {
		return nil, fmt.Errorf("not an OpenAPI document: %w", err)
	}
	return &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{tree}}, nil
}

// jsonStart is how JSON begins, and YAML seldom does. YAML is no superset: it
// does not know the escape \/ and surrogates.
var jsonStart = regexp.MustCompile(`\A\s*\{\s*"`)

// readable finds what YAML cannot have in it (YAML 1.2, section 5.1).
func readable(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")) {
		return errors.New("this is UTF-16; save it as UTF-8")
	}
	line := 1
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && size == 1:
			return fmt.Errorf("line %d: the byte %#x is not UTF-8; if this is Latin-1, save it as UTF-8", line, raw[i])
		case r == 0:
			return fmt.Errorf("line %d: a byte is zero; if this is UTF-16, save it as UTF-8", line)
		case r < ' ' && r != '\t' && r != '\r', r == 0x7f:
			return fmt.Errorf("line %d: there is a control character, %U", line, r)
		}
		i += size
	}
	return nil
}

// yamlError matches what the YAML library says. It leaves line 0 out, and the
// line of an unknown anchor.
var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?((did not find expected|unknown anchor '([^']+)')?.*)`)

func readYAML(raw []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, err
	} else if match := yamlError.FindStringSubmatch(fmt.Sprint(err)); match != nil {
		line, _ := strconv.Atoi(match[1])
		switch {
		case match[4] != "":
			line = 1 + bytes.Count(raw[:max(0, bytes.Index(raw, []byte("*"+match[4])))], []byte("\n"))
		case match[1] == "" || match[3] != "": // Here it counts from 0.
			line++
		}
		return nil, fmt.Errorf("line %d: %s", line, match[2])
	} else if err != nil {
		return nil, err
	}
	var more yaml.Node
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: there is more than one YAML document", max(1, more.Line))
	}
	return document.Content[0], nil
}

func readJSON(raw []byte) (*yaml.Node, error) {
	if err := json.Unmarshal(raw, new(any)); err != nil {
		line := 1
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			line += bytes.Count(raw[:min(int(syntax.Offset), len(raw))], []byte("\n"))
		}
		return nil, fmt.Errorf("line %d: %w", line, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	line, counted := 1, int64(0)
	var value func() *yaml.Node
	value = func() *yaml.Node {
		token, _ := decoder.Token() // It is valid.
		line += bytes.Count(raw[counted:decoder.InputOffset()], []byte("\n"))
		counted = decoder.InputOffset()
		node := &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(token), Line: line}
		switch token {
		case json.Delim('{'):
			node.Kind, node.Tag, node.Value = yaml.MappingNode, "!!map", ""
		case json.Delim('['):
			node.Kind, node.Tag, node.Value = yaml.SequenceNode, "!!seq", ""
		case nil:
			node.Tag, node.Value = "!!null", "null"
		default:
			if _, ok := token.(string); ok {
				node.Tag = "!!str"
			}
			return node
		}
		for node.Kind != yaml.ScalarNode && decoder.More() {
			node.Content = append(node.Content, value())
		}
		if node.Kind != yaml.ScalarNode {
			_, _ = decoder.Token() // The end of it.
		}
		return node
	}
	return value(), nil
}

// maxNodes bounds what a document may become, because aliases of aliases grow
// without an end.
const maxNodes = 1 << 21

// plain returns a node without anchors: each alias is a copy of what it stands
// for. It refuses what JSON cannot say.
func plain(node *yaml.Node, left *int) (*yaml.Node, error) {
	if *left--; *left < 0 {
		return nil, fmt.Errorf("line %d: aliases make the document larger than %d values", node.Line, maxNodes)
	}
	if node.Kind == yaml.AliasNode {
		if node.Alias.Anchor == "" { // It is being copied.
			return nil, fmt.Errorf("line %d: the anchor %s contains itself", node.Line, node.Value)
		}
		return plain(node.Alias, left)
	}
	anchor := node.Anchor
	node.Anchor = ""
	defer func() { node.Anchor = anchor }()
	result := *node
	result.Content = make([]*yaml.Node, len(node.Content))
	lines := map[string]int{}
	for i, child := range node.Content {
		child, err := plain(child, left)
		if err != nil {
			return nil, err
		}
		result.Content[i] = child
		if node.Kind != yaml.MappingNode || i%2 == 1 {
			continue
		}
		switch line, taken := lines[child.Value]; {
		case child.Kind != yaml.ScalarNode:
			return nil, fmt.Errorf("line %d: a key is not a text", child.Line)
		case child.Tag == "!!merge":
			return nil, fmt.Errorf("line %d: OpenAPI has no merge keys: its YAML is what JSON can say", child.Line)
		case taken:
			return nil, fmt.Errorf("line %d: the key %q is already defined, in line %d", child.Line, child.Value, line)
		}
		lines[child.Value] = child.Line
	}
	if node.Kind == yaml.ScalarNode {
		if err := node.Decode(new(any)); err != nil {
			return nil, fmt.Errorf("line %d: %s", node.Line, strings.TrimPrefix(err.Error(), "yaml: "))
		}
	}
	return &result, nil
}
