package signalwiretest_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

// TestSamples has values made of schemas, which the Handler validates.
func TestSamples(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"formats": `type: array, prefixItems: [{type: string, format: uuid}, {type: string, format: date-time}, {type: string, format: date},
			{type: string, format: time}, {type: string, format: uri}, {type: string, format: email}, {type: string, format: ipv4}, {type: string, format: ipv6}], minItems: 8`,
		"pattern":           `type: string, pattern: '^P[AB][0-9a-f]{8,}(-x|-y)?[^/]\w+.$'`,
		"length":            `type: string, minLength: 20, maxLength: 20`,
		"short":             `type: string, maxLength: 1`,
		"integer":           `type: integer, minimum: -5, exclusiveMaximum: 0`,
		"multiple":          `type: number, multipleOf: 0.25, minimum: 1`,
		"far":               `type: integer, format: int64, minimum: 5000000000`,
		"price":             `type: [number, 'null'], format: float`,
		"constant":          `const: 5`,
		"enum":              `enum: [1, a, null]`,
		"union":             `anyOf: [{type: 'null'}, {type: object, required: [a], properties: {a: {type: boolean}}}]`,
		"one of":            `type: object, required: [kind], oneOf: [{properties: {kind: {const: a}}}, {required: [b], properties: {kind: {const: b}, b: {type: integer}}}]`,
		"all of":            `type: object, allOf: [{required: [a], properties: {a: {type: string}}}, {properties: {a: {maxLength: 2}}}], unevaluatedProperties: {not: {}}`,
		"map":               `type: object, additionalProperties: {type: integer}, minProperties: 3`,
		"set":               `type: array, uniqueItems: true, minItems: 3, items: {enum: [1, 2, 3, 4]}`,
		"itself":            `$ref: '#/components/schemas/Tree'`,
		"a map of itself":   `$ref: '#/components/schemas/Map'`,
		"itself many times": `$ref: '#/components/schemas/Wide'`,
		"nothing but null":  `type: 'null'`,
		"anything":          `description: d`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := signalwiretest.NewHandler(t.Name())
			var wide string // many lists of itself
			for i := range 40 {
				wide += fmt.Sprintf("p%d: {type: array, items: {$ref: '#/components/schemas/Wide'}}, ", i)
			}
			document := `
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /Things: {get: {responses: {'200': {description: d, content: {application/json: {schema: {` + strings.ReplaceAll(schema, "\t", " ") + `}}}}}}}
components:
  schemas:
    Wide: {type: object, properties: {` + wide + `}}
    Map: {type: object, additionalProperties: {$ref: '#/components/schemas/Map'}}
    Tree: {type: object, required: [children], properties: {children: {type: array, items: {$ref: '#/components/schemas/Tree'}}}}
`
			require.NoError(t, handler.SetContract([]byte(document)))
			r := httptest.NewRequestWithContext(t.Context(), "GET", signalwiretest.BasePath+"/Things", nil)
			r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			require.Equal(t, 200, w.Code, w.Body)
			require.Less(t, w.Body.Len(), 1<<20)
			if name == "a map of itself" {
				require.Equal(t, 8, strings.Count(w.Body.String(), "{"), "it is a few deep")
			}
			require.Empty(t, handler.Violations())
		})
	}
}
