package contract

import (
	"go/types"
	"mime"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// forGo makes those changes to a contract, for the generator's eyes only, that
// an overlay cannot make. The contract's references resolve.
func forGo(root *yaml.Node) {
	for path, item := range entries(get(root, "paths")) {
		inlineParameters(root, path.Value, item)
		for _, operation := range entries(item) {
			inlineParameters(root, path.Value, operation)
			nameMap(root, operation)
			for status, response := range entries(get(operation, "responses")) {
				content := get(resolve(root, response), "content")
				keepJSON(content)
				for _, media := range entries(content) {
					if strings.HasPrefix(status.Value, "2") {
						typeMain(root, resourceSid(path.Value), get(media, "schema"))
					}
				}
			}
		}
	}
	for name, schema := range entries(get(get(root, "components"), "schemas")) {
		typeMain(root, mainSid(name.Value), schema)
	}
	for _, node := range nodes(root) {
		for name, schema := range entries(get(node, "properties")) {
			typeSid(root, name.Value, schema)
			typeMain(root, mainSid(strings.TrimSuffix(name.Value, "s")), schema)
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
func inlineParameters(root *yaml.Node, path string, owner *yaml.Node) {
	parameters := elements(get(owner, "parameters"))
	for i, parameter := range parameters {
		parameters[i] = clone(resolve(root, parameter))
		name := text(parameters[i], "name")
		if text(parameters[i], "in") == "path" {
			typeSid(root, segmentSid(path, name), get(parameters[i], "schema"))
			if isReserved(name) && get(parameters[i], "x-go-name") == nil {
				add(parameters[i], "x-go-name", name+"Param")
			}
		}
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

// sids are our types, by what is in the names that the vendor gives to what is
// one: CallSid, call_sid, ParentCallSid, parent_call_sid and call_sid_to_coach.
// Three UUIDs in a row are easily swapped, and the service responds 404 to a
// swap, which reads as "already gone". As distinct types it does not compile.
var sids = []struct{ in, goType string }{
	{"accountsid", "AccountSid"},
	{"conferencesid", "ConferenceSid"},
	{"callsid", "CallSid"},
}

// typeSid gives a parameter or a field of a body that is a SID its type, so that
// the CallSid of one response goes into the next call as it is. A text that the
// contract does not call a UUID stays one.
func typeSid(root *yaml.Node, name string, schema *yaml.Node) {
	name = strings.ToLower(strings.ReplaceAll(name, "_", ""))
	for _, sid := range sids {
		if strings.Contains(name, sid.in) && isUUID(root, schema, 0) && get(schema, "x-go-type") == nil {
			add(schema, "x-go-type", sid.goType)
		}
	}
}

// mainSid returns what the property sid of a schema names, and "" if that is none
// of our types: that of Call, of CallResponse, and of the page dialect's
// Calls_Call, is a CallSid.
func mainSid(schema string) string {
	if i := strings.LastIndexAny(schema, "_."); i >= 0 {
		schema = schema[i+1:]
	}
	schema = strings.TrimPrefix(strings.TrimSuffix(schema, "Response"), "Compatibility")
	for _, sid := range sids {
		if strings.EqualFold(schema+"sid", sid.in) {
			return sid.in
		}
	}
	return ""
}

// typeMain gives the property sid of a schema its type. It does not follow
// references: what it leads to has a name of its own.
func typeMain(root *yaml.Node, name string, schema *yaml.Node) {
	if name == "" || schema == nil || get(schema, "$ref") != nil {
		return
	}
	typeSid(root, name, get(get(schema, "properties"), "sid"))
	typeMain(root, name, get(schema, "items"))
	for _, composition := range []string{"allOf", "anyOf", "oneOf"} {
		for _, member := range elements(get(schema, composition)) {
			typeMain(root, name, member)
		}
	}
}

// segmentSid returns what a path parameter names by the segment before it: in
// /Calls/{Sid} it is a CallSid.
func segmentSid(path, name string) string {
	before, _, _ := strings.Cut(path, "/{"+name+"}")
	segment := before[strings.LastIndex(before, "/")+1:]
	return mainSid(strings.TrimSuffix(segment, "s"))
}

// resourceSid returns what the property sid of a response names by the path: of
// /Calls, and of one of them, it is a CallSid.
func resourceSid(path string) string {
	if strings.HasSuffix(path, "}") {
		path = path[:strings.LastIndex(path, "/")]
	}
	return segmentSid(path+"/{}", "")
}

// nameMap makes a component of a form body that is a map of no known properties.
// The generator makes an empty struct of one that has no name.
func nameMap(root, operation *yaml.Node) {
	media := get(get(resolve(root, get(operation, "requestBody")), "content"), formType)
	schema, schemas := get(media, "schema"), get(get(root, "components"), "schemas")
	if schema == nil || get(schema, "additionalProperties") == nil || schemas == nil ||
		slices.ContainsFunc([]string{"$ref", "properties", "oneOf", "anyOf", "allOf"}, func(key string) bool { return get(schema, key) != nil }) {
		return
	}
	name := text(operation, "operationId") + "_fields"
	for get(schemas, name) != nil {
		name += "_"
	}
	moved := *schema
	schemas.Content = append(schemas.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}, &moved)
	*schema = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	add(schema, "$ref", "#/components/schemas/"+name)
}

// keepJSON removes from the content of a response what the client does not
// decode, and the parameters from the names of media types. The generator would
// need other packages for YAML and XML, and takes a charset for another type.
func keepJSON(content *yaml.Node) {
	if content == nil {
		return
	}
	var kept []*yaml.Node
	seen := map[string]bool{}
	for name, media := range entries(content) {
		mediaType := mediaTypeOf(name.Value)
		if isJSON(mediaType) && !seen[mediaType] {
			seen[mediaType] = true
			name.Value = mediaType
			kept = append(kept, name, media)
		}
	}
	content.Content = kept
}

// mediaTypeOf returns the name of a media type without parameters.
func mediaTypeOf(name string) string {
	if mediaType, _, err := mime.ParseMediaType(name); err == nil {
		return mediaType
	}
	return name
}

// isJSON reports whether the client decodes a media type.
func isJSON(mediaType string) bool {
	return mediaType == "application/json" || mediaType == "text/x-json" ||
		strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// reserved are the names, in lower case, that the functions of api/templates use
// beside those of path parameters.
var reserved = strings.Fields(`
	address baseurl body c contenttype ctx encoded err param params query reader req reqeditors requesturl
	response result rsp server styled
	bytes context errors fmt http io iter json maps openapitypes runtime slices strings time url
	appendpath checksegment decoded formbody formencoding items newrequest pagedlist`)

// isReserved reports whether a path parameter of this name would hide something
// that the generated function needs, such as the parameter server, or nil.
func isReserved(name string) bool {
	name = strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(name))
	return slices.Contains(reserved, name) || types.Universe.Lookup(name) != nil
}

// clone copies a node with everything in it.
func clone(node *yaml.Node) *yaml.Node {
	if node == nil {
		return nil
	}
	copied := *node
	copied.Content = nil
	for _, child := range node.Content {
		copied.Content = append(copied.Content, clone(child))
	}
	return &copied
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
