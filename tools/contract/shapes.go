package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// commonShape is that of CompatibilityErrorResponse. The client knows it of every
// operation, with rules of its own.
const commonShape = `shape{kinds: "o", properties: []property{` +
	`{"code", true, shape{kinds: "n"}}, {"message", true, shape{kinds: "s"}}, ` +
	`{"more_info", true, shape{kinds: "s"}}, {"status", true, shape{kinds: "n"}}}}`

// failures writes the documented errors of an operation as Go, but those that say
// nothing. If all have the common shape it writes none.
func failures(op codegen.OperationDefinition) string {
	var lines []string
	common := 0
	responses := op.Spec.Responses.Map()
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		number := strings.TrimSuffix(status, "XX")
		switch {
		case status == "default":
			number = "0"
		case !strings.HasPrefix(status, "4") && !strings.HasPrefix(status, "5"):
			continue
		}
		content := responses[status].Value.Content
		for _, mediaType := range slices.Sorted(maps.Keys(content)) {
			shape := shapeOf(content[mediaType].Schema, 0)
			if shape == commonShape {
				common++
			}
			if strings.Contains(shape, "property{") {
				lines = append(lines, fmt.Sprintf("{%s, %s},\n", number, shape))
			}
		}
	}
	if common == len(lines) {
		return ""
	}
	return strings.Join(slices.Compact(lines), "")
}

// maxShape is how deep a shape is written. Some schemas contain themselves.
const maxShape = 5

// shapeOf writes what a schema says as Go.
func shapeOf(reference *openapi3.SchemaRef, depth int) string {
	if reference == nil || reference.Value == nil || depth > maxShape {
		return "shape{}"
	}
	schema := reference.Value
	var b strings.Builder
	if kinds := kindsOf(schema, 0); kinds != "" {
		fmt.Fprintf(&b, "kinds: %q, ", kinds)
	}
	properties, required := map[string]*openapi3.SchemaRef{}, map[string]bool{}
	gather(schema, properties, required, 0)
	if len(properties) > 0 && len(schema.AnyOf)+len(schema.OneOf) == 0 {
		b.WriteString("properties: []property{")
		for i, name := range slices.Sorted(maps.Keys(properties)) {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "{%q, %t, %s}", name, required[name], shapeOf(properties[name], depth+1))
		}
		b.WriteString("}, ")
	}
	if schema.Items != nil {
		fmt.Fprintf(&b, "items: &%s, ", shapeOf(schema.Items, depth+1))
	}
	return "shape{" + strings.TrimSuffix(b.String(), ", ") + "}"
}

// gather collects the properties of a schema and of what it is composed of.
func gather(schema *openapi3.Schema, properties map[string]*openapi3.SchemaRef, required map[string]bool, depth int) {
	if depth > maxShape {
		return
	}
	maps.Copy(properties, schema.Properties)
	for _, name := range schema.Required {
		required[name] = true
	}
	for _, part := range schema.AllOf {
		gather(part.Value, properties, required, depth+1)
	}
}

var kindLetters = map[string]string{
	"object": "o", "array": "a", "string": "s", "number": "n", "integer": "n", "boolean": "b", "null": "-",
}

// kindsOf returns the letters of a schema's types, and "" for any.
func kindsOf(schema *openapi3.Schema, depth int) string {
	if depth > maxShape {
		return ""
	}
	kinds := ""
	for _, name := range schema.Type.Slice() {
		kinds += kindLetters[name]
	}
	for _, part := range schema.AllOf {
		if kinds == "" {
			kinds = kindsOf(part.Value, depth+1)
		}
	}
	for _, part := range slices.Concat(schema.AnyOf, schema.OneOf) {
		of := kindsOf(part.Value, depth+1)
		if of == "" {
			return ""
		}
		kinds += of
	}
	return kinds
}
