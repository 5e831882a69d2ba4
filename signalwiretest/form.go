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
		outer, inner, isDeep := strings.Cut(strings.TrimSuffix(name, "]"), "[")
		if e := media.Encoding[outer]; e != nil && e.Style == openapi3.SerializationDeepObject {
			if !isDeep {
				object[name] = texts[0] // which is no object
				continue
			}
			deep, _ := object[outer].(map[string]any)
			if deep == nil {
				deep = make(map[string]any)
				object[outer] = deep
			}
			deep[inner] = fieldValue(propertyOf(propertyOf(media.Schema, outer), inner), texts, nil)
			continue
		}
		object[name] = fieldValue(propertyOf(media.Schema, name), texts, media.Encoding[name])
	}
	return object
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
