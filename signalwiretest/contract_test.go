package signalwiretest_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

// TestRequestsAreValidated sends requests as they come off the wire, so that
// nothing tidies them up.
func TestRequestsAreValidated(t *testing.T) {
	t.Parallel()
	const chunked = "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
	for _, tt := range []struct {
		name, query, rest string
		want              string // "" if it keeps to the contract
	}{
		{"nothing", "", "\r\n", ""},
		{"query", "?x=1", "\r\n", `query parameter "x" is not in the contract`},
		{"query without a value", "?x", "\r\n", `query parameter "x" is not in the contract`},
		{"query with a semicolon", "?a;b=1", "\r\n", "the query is malformed"},
		{"query with a bad escape", "?%zz=1", "\r\n", "the query is malformed"},
		{"body", "", "Content-Length: 2\r\n\r\n{}", "the request has a body"},
		{"body of unknown length", "", chunked, "the request has a body"},
		{"two Authorization headers", "", "Authorization: Basic eDp5\r\n\r\n", "more than one Authorization header"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler := signalwiretest.NewHandler(t.Name())
			signed := &http.Request{Header: http.Header{}}
			signed.SetBasicAuth(handler.ProjectID(), handler.APIToken())
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("DELETE " +
				pathOf(handler.ProjectID(), otherSid, otherSid) + tt.query + " HTTP/1.1\r\nHost: localhost\r\n" +
				"Authorization: " + signed.Header.Get("Authorization") + "\r\n" + tt.rest)))
			require.NoError(t, err)
			w := httptest.NewRecorder()

			handler.ServeHTTP(w, r)

			if tt.want == "" {
				require.Equal(t, http.StatusNotFound, w.Code)
				require.Empty(t, handler.Violations())
				return
			}
			require.Equal(t, http.StatusNotImplemented, w.Code)
			require.Len(t, handler.Violations(), 1)
			require.ErrorContains(t, handler.Violations()[0], tt.want)
		})
	}
}

// TestUUIDsAreBare sends spellings of a UUID that only some parsers accept.
func TestUUIDsAreBare(t *testing.T) {
	t.Parallel()
	for _, sid := range []string{
		"d2c7a9b413e54f688a0b7c9d1e2f3a4b",
		"%7Bd2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b%7D",
		"urn:uuid:d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b",
	} {
		handler := signalwiretest.NewHandler(t.Name())
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, pathOf(handler.ProjectID(), otherSid, sid), nil)
		r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
		handler.ServeHTTP(httptest.NewRecorder(), r)
		require.Len(t, handler.Violations(), 1, sid)
	}
}

// grown has an operation with a body and a default in its query, and no
// security.
const grown = `
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /Things:
    post:
      parameters:
        - {name: Page, in: query, schema: {type: integer, default: 0}}
      requestBody:
        content:
          application/json: {schema: {type: [object, array]}}
          application/problem+json: {schema: {type: object}}
      responses: {'201': {description: d}}
`

// TestHandlersSeeTheRequest has a scripted handler see the request as it was
// sent.
func TestHandlersSeeTheRequest(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	require.NoError(t, handler.SetContract([]byte(grown)))
	var body []byte
	var query string
	handler.Script(signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		query = r.URL.RawQuery
		w.WriteHeader(http.StatusCreated)
	})))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, signalwiretest.BasePath+"/Things", strings.NewReader(`{"a":1}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusCreated, w.Code)
	require.Equal(t, `{"a":1}`, string(body))
	require.Empty(t, query)
	require.Empty(t, handler.Violations())
}

func TestBodiesAreValidated(t *testing.T) {
	t.Parallel()
	const contentType = "application/json"
	for _, tt := range []struct {
		name, body string
		types      []string
		want       string
	}{
		{"key given twice", `{"a":1,"a":1}`, []string{contentType}, `the body gives the key "a" twice`},
		{"inside an object", `{"a":1,"b":{"a":1,"c":[],"c":1}}`, []string{contentType}, `the body gives the key "c" twice`},
		{"inside an array", `["a","a",{"a":1,"a":1}]`, []string{contentType}, `the body gives the key "a" twice`},
		{"other spelling", `{"a":1,"a":1}`, []string{"Application/JSON ; charset=utf-8"}, `the body gives the key "a" twice`},
		{"other JSON", `{"a":1,"a":1}`, []string{"application/problem+json"}, `the body gives the key "a" twice`},
		{"bytes after it", `{"a":1}{}`, []string{contentType}, "not one JSON value"},
		{"two types", `{"a":1}`, []string{contentType, contentType}, "more than one Content-Type header"},
		{"too long", `{"a":"` + strings.Repeat("x", 16<<20) + `"}`, []string{contentType}, "longer than 16 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler := signalwiretest.NewHandler(t.Name())
			require.NoError(t, handler.SetContract([]byte(grown)))
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, signalwiretest.BasePath+"/Things", strings.NewReader(tt.body))
			r.Header["Content-Type"] = tt.types
			w := httptest.NewRecorder()

			handler.ServeHTTP(w, r)

			require.Equal(t, http.StatusNotImplemented, w.Code)
			require.Len(t, handler.Violations(), 1)
			require.ErrorContains(t, handler.Violations()[0], tt.want)
		})
	}
}
