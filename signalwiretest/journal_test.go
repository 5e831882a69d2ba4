package signalwiretest_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

// TestRequestsAreBounded sends more than the 64 MiB that are kept, and finds the
// last of it.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	mebibyte := strings.Repeat("x", 1<<20)
	for _, tt := range []struct{ name, header, body string }{
		{"headers", mebibyte, ""},
		{"bodies", "", mebibyte + "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler := signalwiretest.NewHandler(t.Name())
			for i := range 66 {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+strconv.Itoa(i), strings.NewReader(tt.body))
				r.Header.Set("X-Long", tt.header)
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
			requests := handler.Requests()
			require.Len(t, requests, 63)
			for i, request := range requests {
				require.Equal(t, "/"+strconv.Itoa(i+3), request.Path)
				require.Equal(t, http.StatusNotFound, request.StatusCode)
				require.Len(t, request.Body, min(len(tt.body), 1<<20))
			}
		})
	}
}

func TestRequestsHideEachAuthorization(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/", nil)
	r.Header["Authorization"] = []string{"Basic c2VjcmV0", "Bearer secret"}
	handler.ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, []string{"[redacted]", "[redacted]"}, handler.Requests()[0].Header["Authorization"])
	require.Equal(t, []string{"Basic c2VjcmV0", "Bearer secret"}, r.Header["Authorization"])
}

func TestRequestsAreCopies(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/", strings.NewReader("body"))
	r.Header.Set("Accept", "text/plain")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	requests := handler.Requests()
	requests[0].Body[0] = 'x'
	requests[0].Header.Set("Accept", "x")
	r.Header.Set("Accept", "x")
	require.Equal(t, "body", string(handler.Requests()[0].Body))
	require.Equal(t, "text/plain", handler.Requests()[0].Header.Get("Accept"))
}
