package contract

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

const formType = "application/x-www-form-urlencoded"

// encodable reports what the client could not send as OpenAPI says, or could
// never take for a success.
func encodable(root *yaml.Node, report reporter) {
	for op := range operations(root) {
		formIsEncodable(root, op, report)
		successIsJSON(root, op, report)
	}
}

// formIsEncodable finds form bodies that are no objects, and encodings of their
// properties that OpenAPI does not define or that the client does not have.
func formIsEncodable(root *yaml.Node, op operation, report reporter) {
	body := resolve(root, get(op.node, "requestBody"))
	for mediaType, media := range entries(get(body, "content")) {
		if mediaTypeOf(mediaType.Value) != formType {
			continue
		}
		place := op.place.child("requestBody").child("content").child(mediaType.Value)
		if !isForm(root, get(media, "schema"), 0) {
			report(place.child("schema"), "the body of a form is an object, or a union of objects: nothing says how to encode another one")
		}
		for name, encoding := range entries(get(media, "encoding")) {
			styled := text(encoding, "style") != "" || get(encoding, "explode") != nil
			contentType := mediaTypeOf(text(encoding, "contentType"))
			if !styled && contentType != "" && contentType != "text/plain" && !isJSON(contentType) {
				report(place.child("encoding").child(name.Value).child("contentType"), "a field of a form is text or JSON")
			}
			property := resolve(root, get(get(resolve(root, get(media, "schema")), "properties"), name.Value))
			if text(encoding, "style") == "deepObject" && hasNestedObject(root, property) {
				report(place.child("encoding").child(name.Value).child("style"), "deepObject is not defined for an object within an object")
			}
		}
	}
}

// isForm reports whether every value of a schema is an object.
func isForm(root, schema *yaml.Node, depth int) bool {
	schema = resolve(root, schema)
	if schema == nil || depth > 10 {
		return false
	}
	if text(schema, "type") == "object" || text(schema, "type") == "" && get(schema, "properties") != nil {
		return true
	}
	for _, member := range elements(get(schema, "allOf")) {
		if isForm(root, member, depth+1) {
			return true
		}
	}
	for _, union := range []string{"oneOf", "anyOf"} {
		members := elements(get(schema, union))
		if len(members) > 0 && !slices.ContainsFunc(members, func(member *yaml.Node) bool { return !isForm(root, member, depth+1) }) {
			return true
		}
	}
	return false
}

func hasNestedObject(root, schema *yaml.Node) bool {
	values := []*yaml.Node{get(schema, "additionalProperties")}
	for _, property := range entries(get(schema, "properties")) {
		values = append(values, property)
	}
	return slices.ContainsFunc(values, func(value *yaml.Node) bool {
		value = resolve(root, value)
		items := resolve(root, get(value, "items"))
		return isForm(root, value, 0) || isForm(root, items, 0) || get(items, "items") != nil
	})
}

// successIsJSON finds successes that the client never returns.
func successIsJSON(root *yaml.Node, op operation, report reporter) {
	responses, place, found := get(op.node, "responses"), op.place.child("responses"), false
	for status, response := range entries(responses) {
		if !strings.HasPrefix(status.Value, "2") {
			continue
		}
		found = true
		count, json := 0, 0
		for mediaType := range entries(get(resolve(root, response), "content")) {
			count++
			if isJSON(mediaTypeOf(mediaType.Value)) {
				json++
			}
		}
		if count > 0 && json == 0 {
			report(place.child(status.Value).child("content"), "a success is JSON or has no body: the client decodes nothing else")
		}
	}
	if !found && op.method != "delete" { // deleteSucceedsWith204 says more.
		report(place, "an operation documents a success: the client returns no other")
	}
}
