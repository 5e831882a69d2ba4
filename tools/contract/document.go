package contract

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// general marks an action of an overlay that waits for what most documents do not
// have.
const general = "x-may-match-nothing"

// apply applies an overlay, and returns a line for each action that matches
// nothing or changes nothing. It applies one action at a time, because only what
// a single action changes tells whether it is still needed.
func apply(name string, text []byte, document *yaml.Node) (notices []string, err error) {
	actions, err := overlay.ParseReader(bytes.NewReader(text))
	if err == nil {
		err = actions.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	before, err := encode(document)
	if err != nil {
		return nil, err
	}
	for i, action := range actions.Actions {
		single := *actions
		single.Actions = []overlay.Action{action}
		var after []byte
		path, err := single.NewPath(action.Target, nil)
		matches := err == nil && len(path.Query(document)) > 0
		if err == nil {
			err = single.ApplyTo(document)
		}
		if err == nil {
			after, err = encode(document)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: action %d (%s) cannot be applied, mend it there: %w", name, i+1, action.Target, err)
		}
		switch {
		case !matches && action.Extensions[general] != true:
			notices = append(notices, fmt.Sprintf("%s: action %d (%s) matches nothing: the target is wrong, or the document no longer needs it",
				name, i+1, action.Target))
		case matches && bytes.Equal(before, after):
			notices = append(notices, fmt.Sprintf("%s: action %d (%s) changes nothing any more and can be removed", name, i+1, action.Target))
		}
		before = after
	}
	return notices, nil
}

// encode writes a document as YAML, indented by two spaces.
func encode(document *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	err := errors.Join(encoder.Encode(document), encoder.Close())
	return b.Bytes(), err
}

// get returns the value of a key of a mapping, or nil.
func get(node *yaml.Node, key string) *yaml.Node {
	for k, v := range entries(node) {
		if k.Value == key {
			return v
		}
	}
	return nil
}

// text returns the scalar value of a key of a mapping, or "".
func text(node *yaml.Node, key string) string {
	if v := get(node, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// add adds a key with a text to a mapping.
func add(node *yaml.Node, key, value string) {
	node.Content = append(node.Content,
		&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key},
		&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value})
}

// entries yields the keys and values of a mapping, and nothing for any other
// kind of node.
func entries(node *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		if node == nil || node.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i], node.Content[i+1]) {
				return
			}
		}
	}
}

// elements returns the elements of a sequence, and nil for any other kind of
// node.
func elements(node *yaml.Node) []*yaml.Node {
	if node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

// resolve follows a local reference. It returns nil for one that leads
// nowhere, to another file, or in a circle.
func resolve(root, node *yaml.Node) *yaml.Node {
	for range 100 {
		reference := text(node, "$ref")
		if reference == "" {
			return node
		}
		path, ok := strings.CutPrefix(reference, "#/")
		if !ok {
			return nil
		}
		node = root
		for _, key := range strings.Split(path, "/") {
			key = unescape.Replace(key)
			if list := elements(node); list != nil {
				i, err := strconv.Atoi(key)
				if err != nil || i < 0 || i >= len(list) {
					return nil
				}
				node = list[i]
			} else if node = get(node, key); node == nil {
				return nil
			}
		}
	}
	return nil
}

// A pointer is a JSON pointer (RFC 6901).
type pointer string

var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)

func (p pointer) child(key string) pointer {
	return p + "/" + pointer(escape.Replace(key))
}

// nodes yields a node and everything in it, depth first, with its place.
func nodes(root *yaml.Node) iter.Seq2[pointer, *yaml.Node] {
	return func(yield func(pointer, *yaml.Node) bool) {
		var walk func(pointer, *yaml.Node) bool
		walk = func(at pointer, node *yaml.Node) bool {
			if !yield(at, node) {
				return false
			}
			for k, v := range entries(node) {
				if !walk(at.child(k.Value), v) {
					return false
				}
			}
			for i, v := range elements(node) {
				if !walk(at.child(strconv.Itoa(i)), v) {
					return false
				}
			}
			return true
		}
		walk("", root)
	}
}
