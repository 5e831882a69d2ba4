// Package yamldoc reads, changes and writes OpenAPI documents as YAML trees, so
// that the order of keys stays.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// Parse reads exactly one YAML document whose root is a mapping. It refuses a
// key that is there twice and an alias within its own anchor, which would have
// no end.
func Parse(raw []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	} else if err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document")
	}
	if document.Content[0].Tag == "!!null" {
		return nil, errors.New("the file is empty")
	}
	if document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not an OpenAPI document: the root is not a mapping")
	}
	if err := document.Decode(new(any)); err != nil {
		return nil, fmt.Errorf("not an OpenAPI document: %w", err)
	}
	return &document, nil
}

// Apply applies the actions of an overlay file, and returns a line for each that
// changed nothing. It applies one after the other, because only what a single
// action changed tells whether it is still needed.
func Apply(path string, document *yaml.Node) (unnecessary []string, err error) {
	actions, err := overlay.Parse(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := actions.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	before, err := Encode(document)
	if err != nil {
		return nil, err
	}
	for i, action := range actions.Actions {
		single := *actions
		single.Actions = []overlay.Action{action}
		if err := single.ApplyTo(document); err != nil {
			return unnecessary, fmt.Errorf("%s: action %d (%s) cannot be applied, mend it there: %w", path, i+1, action.Target, err)
		}
		after, err := Encode(document)
		if err != nil {
			return unnecessary, fmt.Errorf("%s: action %d (%s) cannot be applied, mend it there: %w", path, i+1, action.Target, err)
		}
		if bytes.Equal(before, after) {
			unnecessary = append(unnecessary, fmt.Sprintf("action %d (%s) changes nothing any more and can be removed", i+1, action.Target))
		}
		before = after
	}
	return unnecessary, nil
}

// Encode writes a document as YAML, indented by two spaces.
func Encode(document *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// ReplaceFile writes beside the file and renames, so that an interrupted run
// leaves the old content or the new one.
func ReplaceFile(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// Get returns the value of a key of a mapping, or nil.
func Get(node *yaml.Node, key string) *yaml.Node {
	for k, v := range Entries(node) {
		if k.Value == key {
			return v
		}
	}
	return nil
}

// String returns the scalar value of a key of a mapping, or "".
func String(node *yaml.Node, key string) string {
	if v := Get(node, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// Entries yields the keys and values of a mapping, and nothing for any other
// kind of node.
func Entries(node *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		if node = Unalias(node); node == nil || node.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i], Unalias(node.Content[i+1])) {
				return
			}
		}
	}
}

// Elements returns the elements of a sequence, and nil for any other kind of
// node.
func Elements(node *yaml.Node) []*yaml.Node {
	if node = Unalias(node); node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

// Unalias returns what an alias stands for.
func Unalias(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// Resolve follows a local reference. It returns nil for one that leads
// nowhere, to another file, or in a circle.
func Resolve(root, node *yaml.Node) *yaml.Node {
	for range 100 {
		ref := String(node, "$ref")
		if ref == "" {
			return node
		}
		path, ok := strings.CutPrefix(ref, "#/")
		if !ok {
			return nil
		}
		node = root
		for _, key := range strings.Split(path, "/") {
			key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
			if list := Elements(node); list != nil {
				i, err := strconv.Atoi(key)
				if err != nil || i < 0 || i >= len(list) {
					return nil
				}
				node = Unalias(list[i])
			} else if node = Get(node, key); node == nil {
				return nil
			}
		}
	}
	return nil
}
