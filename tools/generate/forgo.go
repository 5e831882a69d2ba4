package main

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/signalwire/tools/yamldoc"
)

// forGo makes those changes to a contract for the generator's eyes that need
// more than an overlay can do.
func forGo(root *yaml.Node) error {
	for path, item := range yamldoc.Entries(yamldoc.Get(root, "paths")) {
		if err := inlineParameters(root, item); err != nil {
			return fmt.Errorf("%s: %w", path.Value, err)
		}
		for method, operation := range yamldoc.Entries(item) {
			if err := inlineParameters(root, operation); err != nil {
				return fmt.Errorf("%s %s: %w", method.Value, path.Value, err)
			}
		}
	}
	typeSids(root, root)
	return nil
}

// sids are our types, by the ends of the names that the vendor gives to what is
// one: CallSid, call_sid, ParentCallSid and parent_call_sid.
var sids = map[string]string{
	"accountsid":    "AccountSid",
	"conferencesid": "ConferenceSid",
	"callsid":       "CallSid",
}

// typeSids gives the fields of bodies and the parameters that are SIDs their
// types, so that the CallSid of an answer goes into the next call as it is. A
// text that the contract does not call a UUID stays one.
func typeSids(root, node *yaml.Node) {
	for key, value := range yamldoc.Entries(node) {
		switch key.Value {
		case "properties":
			for name, schema := range yamldoc.Entries(value) {
				typeSid(root, name.Value, schema)
			}
		case "parameters":
			for _, parameter := range yamldoc.Elements(value) {
				typeSid(root, yamldoc.String(parameter, "name"), yamldoc.Get(parameter, "schema"))
			}
		}
		typeSids(root, value)
	}
	for _, element := range yamldoc.Elements(node) {
		typeSids(root, element)
	}
}

func typeSid(root *yaml.Node, name string, schema *yaml.Node) {
	name = strings.ToLower(strings.ReplaceAll(name, "_", ""))
	for end, goType := range sids {
		if strings.HasSuffix(name, end) && isUUID(root, schema, 0) && yamldoc.Get(schema, "x-go-type") == nil {
			schema.Content = append(schema.Content, scalar("x-go-type"), scalar(goType))
		}
	}
}

// isUUID reports whether a schema is a UUID, directly, through references, or
// in a union with null.
func isUUID(root, schema *yaml.Node, depth int) bool {
	schema = yamldoc.Resolve(root, schema)
	if schema == nil || depth > 10 {
		return false
	}
	for _, union := range []string{"anyOf", "oneOf", "allOf"} {
		for _, member := range yamldoc.Elements(yamldoc.Get(schema, union)) {
			if isUUID(root, member, depth+1) {
				return true
			}
		}
	}
	return yamldoc.String(schema, "format") == "uuid"
}

// inlineParameters puts shared parameters where they are used. From a shared
// one the generator makes a type, named as the parameter is, which clashes with
// ours (AccountSid) or only gives another name to a string.
//
// It also names the parameters of ranges. The vendor has a name up to three
// times, plain and with < or > behind it for before and after, and in the
// generator's normal form all three are the same.
func inlineParameters(root, owner *yaml.Node) error {
	parameters := yamldoc.Elements(yamldoc.Get(owner, "parameters"))
	for i, parameter := range parameters {
		resolved := yamldoc.Resolve(root, yamldoc.Unalias(parameter))
		if resolved == nil {
			return fmt.Errorf("parameter %d leads nowhere", i+1)
		}
		parameters[i] = resolved
		name := yamldoc.String(resolved, "name")
		if yamldoc.String(resolved, "in") != "query" || yamldoc.Get(resolved, "x-go-name") != nil {
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
