package signalwiretest_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

const forms = `
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /Things:
    post:
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              properties:
                Url: {type: string, format: uri}
                Count: {anyOf: [{type: integer}, {type: 'null'}]}
                Media: {anyOf: [{type: string}, {type: array, items: {type: string}}]}
                Deep: {type: object, properties: {a: {type: string}, b: {type: integer}}}
                Object: {type: object, properties: {c: {type: string}}}
                Objects: {type: array, items: {type: object, required: [c]}}
                Spread: {type: object, properties: {x: {type: integer}}}
                Comma: {type: array, items: {type: integer}}
                Pipe: {type: array, items: {type: integer}}
              unevaluatedProperties: {not: {}}
            encoding: {Spread: {style: form}, Deep: {style: deepObject, explode: true}, Comma: {explode: false}, Pipe: {style: pipeDelimited, explode: false}}
      responses: {'201': {description: d}}
  /Map: {post: {requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object, additionalProperties: {type: integer}}}}}, responses: {'201': {description: d}}}}
  /One:
    post:
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: {oneOf: [{type: object, required: [a], properties: {a: {type: string}}}, {allOf: [{type: object, required: [b], properties: {b: {type: integer}}}]}]}
      responses: {'201': {description: d}}
`

// TestFormsAreValidated has forms that kin-openapi alone refuses, and some that it
// lets through.
func TestFormsAreValidated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, path, body, want string }{
		{"nothing", "/Things", "", ""},
		{"text", "/Things", "Url=https://example.com/%3Fa%3D1", ""},
		{"number", "/Things", "Count=5", ""},
		{"no number", "/Things", "Count=five", "/Count"},
		{"union, text", "/Things", "Media=a,b", ""},
		{"union, digits", "/Things", "Media=1", ""},
		{"union, list", "/Things", "Media=a&Media=2", ""},
		{"deep object", "/Things", "Deep[a]=x&Deep%5Bb%5D=1", ""},
		{"no deep object", "/Things", "Deep[b]=x", "/Deep/b"},
		{"deep object as JSON", "/Things", `Deep={"a":"x"}`, "/Deep"},
		{"object", "/Things", `Object={"c":"x"}`, ""},
		{"no object", "/Things", "Object=c,x", "/Object"},
		{"spread object", "/Things", "x=1", ""},
		{"wrong spread object", "/Things", "x=y", "/Spread/x"},
		{"objects", "/Things", `Objects={"c":1}&Objects={"c":2}`, ""},
		{"list with commas", "/Things", "Comma=1,2", ""},
		{"list with bars", "/Things", "Pipe=1%7C2", ""},
		{"unknown field", "/Things", "Other=1", "/Other"},
		{"field given twice", "/Things", "Url=https://a/&Url=https://b/", "/Url"},
		{"malformed", "/Things", "Url=%zz", "malformed"},
		{"map", "/Map", "a=1&b=2", ""},
		{"wrong map", "/Map", "a=x", "/a"},
		{"one of two", "/One", "a=x", ""},
		{"the other", "/One", "b=1", ""},
		{"none of two", "/One", "c=1", "missing property"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler := signalwiretest.NewHandler(t.Name())
			require.NoError(t, handler.SetContract([]byte(forms)))
			r := httptest.NewRequestWithContext(t.Context(), "POST", signalwiretest.BasePath+tt.path, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if tt.want == "" {
				require.Equal(t, 201, w.Code, w.Body)
				require.Empty(t, handler.Violations())
				return
			}
			require.Len(t, handler.Violations(), 1)
			require.ErrorContains(t, handler.Violations()[0], "the form")
			require.ErrorContains(t, handler.Violations()[0], tt.want)
		})
	}
}
