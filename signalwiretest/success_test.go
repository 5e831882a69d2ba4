package signalwiretest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

// things has operations that nothing imitates.
const things = `
openapi: 3.1.0
info: {title: t, version: "1"}
security: [{b: []}]
paths:
  /Accounts/{AccountSid}/Things:
    parameters: [{name: AccountSid, in: path, required: true, schema: {type: string}}]
    get:
      parameters:
        - {name: filter, in: query, style: deepObject, explode: true, schema: {type: object, properties: {from: {type: string}, to: {type: integer}}}}
        - {name: range, in: query, schema: {allOf: [{type: object, properties: {first: {type: integer}}}]}}
        - {name: Status, in: query, schema: {type: array, items: {type: string}}}
      responses:
        '200':
          description: d
          headers: {X-Count: {required: true, schema: {type: integer}}}
          content:
            application/json; charset=utf-8:
              schema:
                type: object
                required: [things, next_page_uri]
                properties:
                  things: {type: array, items: {type: object, required: [sid], properties: {sid: {type: string, format: uuid}}}}
                  next_page_uri: {anyOf: [{type: string}, {type: 'null'}]}
        4XX: {description: d, content: {application/json: {schema: {type: object, required: [errors], properties: {errors: {type: array, items: {type: string}}}}}}}
    post:
      responses:
        2XX: {description: d, content: {application/json: {schema: {type: integer, minimum: 7, maximum: 7}}}}
        default: {description: d, content: {application/json: {schema: {type: object, required: [message], properties: {message: {type: string}}}}}}
    delete: {responses: {'204': {description: d}}}
    put: {responses: {'200': {description: d, content: {text/html: {schema: {type: string}}}}}}
    patch: {responses: {'400': {description: d}}}
  /50%/a%20b/{Id}: {get: {parameters: [{name: Id, in: path, required: true, schema: {type: integer}}], responses: {'204': {description: d}}}}
components: {securitySchemes: {b: {type: http, scheme: basic}}}
`

// TestMadeUp asks for what the Handler does not imitate.
func TestMadeUp(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	require.NoError(t, handler.SetContract([]byte(things)))
	var told []string
	handler.OnMadeUp = func(operation string) { told = append(told, operation) }
	send := func(method, account, query string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, signalwiretest.BasePath+"/Accounts/"+account+"/Things"+query, nil)
		r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	mine := handler.ProjectID()

	first, second, other := send("GET", mine, ""), send("GET", mine, ""), send("GET", mine, "?Status=a&Status=b")
	require.Equal(t, []string{"GET /Accounts/{AccountSid}/Things"}, told[:1])
	require.Equal(t, 200, first.Code, first.Body)
	require.Equal(t, "application/json; charset=utf-8", first.Header().Get("Content-Type"))
	require.Regexp(t, `^\d+$`, first.Header().Get("X-Count"))
	require.Equal(t, first.Body.String(), second.Body.String(), "the same request gets the same")
	require.NotEqual(t, first.Body.String(), other.Body.String())
	var page struct {
		Things []struct{ Sid string }
		Next   any `json:"next_page_uri"`
	}
	require.NoError(t, json.Unmarshal(first.Body.Bytes(), &page))
	require.Len(t, page.Things, 2)
	require.Len(t, page.Things[0].Sid, 36)
	require.Nil(t, page.Next, "a list ends")

	for _, query := range []string{"?filter[from]=a&filter[to]=1", "?filter%5Bto%5D=1", "?first=1"} {
		require.Equal(t, 200, send("GET", mine, query).Code, query)
	}
	require.Equal(t, "7", send("POST", mine, "").Body.String())
	require.Equal(t, 204, send("DELETE", mine, "").Code)
	percent := httptest.NewRequestWithContext(t.Context(), "GET", signalwiretest.BasePath+"/50%25/a%20b/1", nil)
	percent.SetBasicAuth(handler.ProjectID(), handler.APIToken())
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, percent)
	require.Equal(t, 204, w.Code)
	require.Equal(t, 401, send("GET", otherSid, "").Code, "as 4XX says")
	require.JSONEq(t, `{"errors":["Authentication failed. Please verify your credentials and try again."]}`, send("GET", otherSid, "").Body.String())
	require.Equal(t, 401, send("POST", otherSid, "").Code, "as default says")
	require.Empty(t, handler.Violations())

	for method, reason := range map[string]string{"PUT": "no JSON", "PATCH": "no success"} {
		w := send(method, mine, "")
		require.Equal(t, http.StatusNotImplemented, w.Code)
		require.Contains(t, w.Body.String(), reason)
	}
	for _, query := range []string{"?filter", "?filterfrom=a", "?last=1", "?filter[to]=x"} {
		before := len(handler.Violations())
		send("GET", mine, query)
		require.Equal(t, query != "?filter", len(handler.Violations()) > before, query)
	}
}
