package contract

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// forGo makes those changes to a contract, for the generator's eyes only, that
// an overlay cannot make. The contract's references resolve.
func forGo(root *yaml.Node) {
	for _, item := range entries(get(root, "paths")) {
		inlineParameters(root, item)
		for _, operation := range entries(item) {
			inlineParameters(root, operation)
		}
	}
	for _, node := range nodes(root) {
		for name, schema := range entries(get(node, "properties")) {
			typeSid(root, name.Value, schema)
		}
		for _, parameter := range elements(get(node, "parameters")) {
			typeSid(root, text(parameter, "name"), get(parameter, "schema"))
		}
	}
}

// inlineParameters puts shared parameters where they are used. From a shared
// one the generator makes a type, named as the parameter is, which clashes with
// ours (AccountSid) or only gives another name to a string.
//
// It also names the parameters of ranges. The vendor has a name up to three
// times, plain and with < or > behind it for before and after, and in the
// generator's normal form all three are the same.
func inlineParameters(root, owner *yaml.Node) {
	parameters := elements(get(owner, "parameters"))
	for i, parameter := range parameters {
		parameters[i] = resolve(root, parameter)
		name := text(parameters[i], "name")
		if text(parameters[i], "in") != "query" || get(parameters[i], "x-go-name") != nil {
			continue
		}
		if base, ok := strings.CutSuffix(name, "<"); ok {
			add(parameters[i], "x-go-name", base+"_Before")
		} else if base, ok := strings.CutSuffix(name, ">"); ok {
			add(parameters[i], "x-go-name", base+"_After")
		}
	}
}

// sids are our types, by the ends of the names that the vendor gives to what is
// one: CallSid, call_sid, ParentCallSid and parent_call_sid. Three UUIDs in a row
// are easily swapped, and the service responds 404 to a swap, which reads as
// "already gone". As distinct types it does not compile.
var sids = map[string]string{
	"accountsid":    "AccountSid",
	"conferencesid": "ConferenceSid",
	"callsid":       "CallSid",
}

// typeSid gives a parameter or a field of a body that is a SID its type, so that
// the CallSid of one response goes into the next call as it is. A text that the
// contract does not call a UUID stays one.
func typeSid(root *yaml.Node, name string, schema *yaml.Node) {
	name = strings.ToLower(strings.ReplaceAll(name, "_", ""))
	for end, goType := range sids {
		if strings.HasSuffix(name, end) && isUUID(root, schema, 0) && get(schema, "x-go-type") == nil {
			add(schema, "x-go-type", goType)
		}
	}
}

// isUUID reports whether a schema is a UUID, directly, through references, or
// in a union with null.
func isUUID(root, schema *yaml.Node, depth int) bool {
	schema = resolve(root, schema)
	if schema == nil || depth > 10 {
		return false
	}
	for _, union := range []string{"anyOf", "oneOf", "allOf"} {
		for _, member := range elements(get(schema, union)) {
			if isUUID(root, member, depth+1) {
				return true
			}
		}
	}
	return text(schema, "format") == "uuid"
}
