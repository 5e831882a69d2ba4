package signalwiretest_test

import (
	"bufio"
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
		{"body", "", "Content-Length: 2\r\n\r\n{}", "request body"},
		{"body of unknown length", "", chunked, "request body"},
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

// TestHandlersKeepTheRequest has a handler see the request as it was sent.
func TestHandlersKeepTheRequest(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	require.NoError(t, handler.SetContract([]byte(`
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /Things:
    post:
      parameters:
        - {name: Page, in: query, schema: {type: integer, default: 0}}
      requestBody:
        content: {application/json: {schema: {type: object}}}
      responses: {'201': {description: d}}
`)))
	serve := func(body string, script ...signalwiretest.Response) int {
		handler.Script(script...)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, signalwiretest.BasePath+"/Things", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, http.StatusCreated, serve(`{"a":1}`, signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		require.Equal(t, `{"a":1}`, string(body[:n]))
		require.Empty(t, r.URL.RawQuery)
		w.WriteHeader(http.StatusCreated)
	}))))
	require.Empty(t, handler.Violations())
	require.Equal(t, http.StatusNotImplemented, serve(`{"a":1,"a":1}`))
	require.Equal(t, http.StatusNotImplemented, serve(`{"a":1}{}`))
	require.Len(t, handler.Violations(), 2)
	require.ErrorContains(t, handler.Violations()[0], `the body gives the key "a" twice`)
	require.ErrorContains(t, handler.Violations()[1], "not one JSON value")
}
