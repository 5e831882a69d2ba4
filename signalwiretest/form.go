package signalwiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// validateForm validates a body that is a form. It reports false for any other.
// kin-openapi refuses forms that have objects or unions in their schema.
func validateForm(request *openapi3filter.RequestValidationInput, body []byte) (isForm bool, err error) {
	contentType := request.Request.Header.Get("Content-Type")
	mediaType, _, _ := mime.ParseMediaType(contentType)
	documented := request.Route.Operation.RequestBody
	if mediaType != "application/x-www-form-urlencoded" || documented == nil || request.Options.ExcludeRequestBody {
		return false, nil
	}
	media := documented.Value.Content.Get(contentType)
	if media == nil || media.Schema == nil {
		return false, nil
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return true, fmt.Errorf("the form is malformed: %w", err)
	}
	return true, visit(media.Schema, formValue(fields, media))
}

// visit validates a value.
func visit(schema *openapi3.SchemaRef, value any) error {
	return schema.Value.VisitJSON(value, append(slices.Clone(validationOptions.SchemaValidationOptions), openapi3.EnableJSONSchema2020())...)
}

// formValue is the object that a form says.
func formValue(fields url.Values, media *openapi3.MediaType) any {
	object := make(map[string]any)
	for name, texts := range fields {
		encoding := media.Encoding[name]
		if encoding != nil && encoding.Style == openapi3.SerializationDeepObject {
			object[name] = texts[0] // The object's fields have other names.
			continue
		}
		into, schema, key := object, media.Schema, name
		if owner, inner := ownerOf(name, media); owner != "" {
			into, _ = object[owner].(map[string]any)
			if into == nil {
				into = make(map[string]any)
				object[owner] = into
			}
			schema, key = propertyOf(schema, owner), inner
		}
		into[key] = fieldValue(propertyOf(schema, key), texts, encoding)
	}
	return object
}

// ownerOf returns the object whose property has a field of its own, and the
// property. The owner is "" for any other field.
func ownerOf(name string, media *openapi3.MediaType) (owner, property string) {
	for owner, encoding := range media.Encoding {
		inner, isInner := strings.CutPrefix(strings.TrimSuffix(name, "]"), owner+"[")
		method := encoding.SerializationMethod()
		switch {
		case encoding.Style == "" && encoding.Explode == nil: // An object is JSON.
		case method.Style == openapi3.SerializationDeepObject && isInner:
			return owner, inner
		case method.Style == openapi3.SerializationForm && method.Explode && propertyOf(propertyOf(media.Schema, owner), name) != nil:
			return owner, name
		}
	}
	return "", name
}

// propertyOf returns the schema of a property, of which any will do if there are
// several, or nil.
func propertyOf(schema *openapi3.SchemaRef, name string) *openapi3.SchemaRef {
	if schema == nil || schema.Value == nil {
		return nil
	}
	if property := schema.Value.Properties[name]; property != nil {
		return property
	}
	var found openapi3.SchemaRefs
	for _, part := range slices.Concat(schema.Value.AllOf, schema.Value.OneOf, schema.Value.AnyOf) {
		if property := propertyOf(part, name); property != nil {
			found = append(found, property)
		}
	}
	if len(found) == 0 {
		return schema.Value.AdditionalProperties.Schema
	}
	return openapi3.NewSchemaRef("", &openapi3.Schema{AnyOf: found})
}

// fieldValue is the value of a field that is there once or more often: the first
// of its readings that the schema allows.
func fieldValue(schema *openapi3.SchemaRef, texts []string, encoding *openapi3.Encoding) any {
	if encoding != nil && encoding.Explode != nil && !*encoding.Explode && len(texts) == 1 {
		delimiter := map[string]string{"spaceDelimited": " ", "pipeDelimited": "|"}[encoding.Style]
		if delimiter == "" {
			delimiter = ","
		}
		texts = strings.Split(texts[0], delimiter)
	}
	plain, parsed := make([]any, len(texts)), make([]any, len(texts))
	for i, text := range texts {
		plain[i], parsed[i] = text, text
		decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
		decoder.UseNumber()
		if json.Valid([]byte(text)) {
			_ = decoder.Decode(&parsed[i])
		}
	}
	readings := []any{plain, parsed}
	if len(texts) == 1 {
		readings = []any{plain[0], parsed[0], plain, parsed}
	}
	for _, reading := range readings {
		if schema != nil && schema.Value != nil && visit(schema, reading) == nil {
			return reading
		}
	}
	return readings[0]
}
