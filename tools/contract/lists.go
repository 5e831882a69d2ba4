package contract

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// A pagedList is a list in the success of an operation that returns pages, as
// api/templates needs it.
type pagedList struct {
	Method string // of Go
	Words  string // such as "incoming phone numbers"
	Type   string // of an element
	Body   string // the result's field, such as JSON200
	Items  string // a Go expression
	Next   string // likewise; a *string
	// Optional says that Items is a pointer.
	Optional bool
}

// pagedLists returns the lists for which an iterator is generated: the arrays
// of a GET whose 200 has next_page_uri. If there is more than one, the iterator has
// the property's name in its own, but for the list that the path ends with.
func pagedLists(op codegen.OperationDefinition) ([]pagedList, error) {
	if op.Method != "GET" || op.HasBody() {
		return nil, nil
	}
	bodies, err := op.GetResponseTypeDefinitions()
	if err != nil {
		return nil, err
	}
	for _, body := range bodies {
		response := op.Spec.Responses.Value(body.ResponseName)
		if body.ResponseName != "200" || response.Value.Content[body.ContentTypeName].Schema == nil {
			continue
		}
		return listsOf(op, body, response.Value.Content[body.ContentTypeName].Schema)
	}
	return nil, nil
}

func listsOf(op codegen.OperationDefinition, body codegen.ResponseTypeDefinition, schema *openapi3.SchemaRef) ([]pagedList, error) {
	properties := body.Schema.Properties
	if len(properties) == 0 { // A reference.
		expanded, err := codegen.GenerateGoSchema(&openapi3.SchemaRef{Value: schema.Value}, []string{body.Schema.TypeDecl()})
		if err != nil {
			return nil, err
		}
		properties = expanded.Properties
	}
	next := ""
	var lists []pagedList
	for _, property := range properties {
		goType, field := property.GoTypeDef(), "."+property.GoFieldName()
		element, err := elementOf(property)
		switch {
		case err != nil:
			return nil, err
		case property.JsonFieldName == "next_page_uri" && strings.TrimPrefix(goType, "*") == "string":
			next = "body" + field
			if goType == "string" {
				next = "&" + next
			}
		case element != "":
			lists = append(lists, pagedList{
				Method: op.OperationId + property.GoFieldName() + "Items",
				Words:  strings.ReplaceAll(property.JsonFieldName, "_", " "),
				Type:   element, Body: body.TypeName, Items: "body" + field,
				Optional: property.IsPointer(),
			})
		}
	}
	if next == "" {
		return nil, nil
	}
	for i := range lists {
		lists[i].Next = next
		words := strings.ReplaceAll(lists[i].Words, " ", "")
		if len(lists) == 1 || strings.HasSuffix(strings.ToLower(op.Path), "/"+words) {
			lists[i].Method = op.OperationId + "Items"
		}
	}
	return lists, nil
}

// elementOf returns the Go type of an array's elements, or "".
func elementOf(property codegen.Property) (string, error) {
	if property.Schema.ArrayType != nil {
		return property.Schema.ArrayType.TypeDecl(), nil
	}
	name := property.Schema.TypeDecl()
	if element, ok := strings.CutPrefix(name, "[]"); ok {
		return element, nil
	}
	schema := property.Schema.OAPISchema // Of a reference, perhaps to an array.
	if schema == nil || !schema.Type.Is("array") || schema.Items == nil {
		return "", nil
	}
	element, err := codegen.GenerateGoSchema(schema.Items, []string{name, "Item"})
	return element.TypeDecl(), err
}
