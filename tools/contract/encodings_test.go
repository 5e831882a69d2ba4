package contract

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEncodings breaks a good contract in one place each.
func TestEncodings(t *testing.T) {
	t.Parallel()
	const (
		messages = "/paths/~1Accounts~1{AccountSid}~1Messages/post/requestBody/content/application~1x-www-form-urlencoded"
		form     = "the body of a form is an object"
		accounts = "/paths/~1Accounts/get/responses"
		success  = "'200': {description: The accounts., content: {application/json: "
	)
	contract := read(t, "testdata/grown.yaml")
	require.Empty(t, check([]byte(contract)))
	for _, tt := range []struct{ name, old, new, place, rule string }{
		{"form of a list", "{$ref: '#/components/schemas/CreateCallRequest'}", "{type: array, items: {type: string}}", "/paths/~1Accounts~1{AccountSid}~1Calls/post/requestBody/content/application~1x-www-form-urlencoded/schema", form},
		{"form of a text", "{$ref: '#/components/schemas/CreateCallRequest'}", "{type: string}", "/paths/~1Accounts~1{AccountSid}~1Calls/post/requestBody/content/application~1x-www-form-urlencoded/schema", form},
		{"form that may be a list", "{$ref: '#/components/schemas/CreateCallRequest'}", "{anyOf: [{type: object}, {type: array}]}", "/paths/~1Accounts~1{AccountSid}~1Calls/post/requestBody/content/application~1x-www-form-urlencoded/schema", form},
		{"form of a referenced list", "    CreateCallRequest:\n      type: object\n", "    CreateCallRequest:\n      type: array\n", "/paths/~1Accounts~1{AccountSid}~1Calls/post/requestBody/content/application~1x-www-form-urlencoded/schema", form},
		{"field that is XML", "Words: {explode: false}", "Words: {contentType: application/xml}", messages + "/encoding/Words/contentType", "text or JSON"},
		{"deepObject of objects", "Filter: {type: object, additionalProperties: {type: string}}", "Filter: {type: object, additionalProperties: {type: object}}", messages + "/encoding/Filter/style", "deepObject"},
		{"deepObject of lists of objects", "Filter: {type: object, additionalProperties: {type: string}}", "Filter: {type: object, properties: {a: {type: array, items: {type: object}}}}", messages + "/encoding/Filter/style", "deepObject"},
		{"success that is HTML", success, "'200': {description: The accounts., content: {text/html: ", accounts + "/200/content", "a success is JSON"},
		{"success of a range that is CSV", success, "2XX: {description: The accounts., content: {text/csv: ", accounts + "/2XX/content", "a success is JSON"},
		{"one of two successes", success, "'202': {description: Later., content: {text/plain: {schema: {type: string}}}}\n        " + success, accounts + "/202/content", "a success is JSON"},
		{"no success", success, "default: {description: The accounts., content: {application/json: ", accounts, "documents a success"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(contract, tt.old, tt.new, 1)
			require.NotEqual(t, contract, broken)
			var found []string
			for _, finding := range check([]byte(broken)) {
				found = append(found, finding.String())
			}
			require.NotEmpty(t, found)
			require.True(t, strings.HasPrefix(found[0], tt.place+": ") && strings.Contains(found[0], tt.rule), "want %s: …%s…, got\n%s", tt.place, tt.rule, found)
		})
	}
}
