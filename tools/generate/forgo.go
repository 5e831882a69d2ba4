package main

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/signalwire/tools/spec"
)

// forGo makes those changes to a contract for the generator's eyes that need
// more than an overlay can do.
func forGo(root *yaml.Node) error {
	for path, item := range spec.Entries(spec.Get(root, "paths")) {
		if err := inlineParameters(root, item); err != nil {
			return fmt.Errorf("%s: %w", path.Value, err)
		}
		for method, operation := range spec.Entries(item) {
			if err := inlineParameters(root, operation); err != nil {
				return fmt.Errorf("%s %s: %w", method.Value, path.Value, err)
			}
		}
	}
	return nil
}

// inlineParameters puts shared parameters where they are used. From a shared
// one the generator makes a type, named as the parameter is, which clashes with
// ours (AccountSid) or only gives another name to a string.
//
// It also names the parameters of ranges. The vendor has a name up to three
// times, plain and with < or > behind it for before and after, and in the
// generator's normal form all three are the same.
func inlineParameters(root, owner *yaml.Node) error {
	parameters := spec.Elements(spec.Get(owner, "parameters"))
	for i, parameter := range parameters {
		resolved := spec.Resolve(root, spec.Unalias(parameter))
		if resolved == nil {
			return fmt.Errorf("parameter %d leads nowhere", i+1)
		}
		parameters[i] = resolved
		name := spec.String(resolved, "name")
		if spec.String(resolved, "in") != "query" || spec.Get(resolved, "x-go-name") != nil {
			continue
		}
		for suffix, meaning := range map[string]string{"<": "Before", ">": "After"} {
			if base, ok := strings.CutSuffix(name, suffix); ok {
				resolved.Content = append(resolved.Content, scalar("x-go-name"), scalar(base+"_"+meaning))
			}
		}
	}
	return nil
}

func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}
