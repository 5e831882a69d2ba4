package signalwiretest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

// TestRequestsAreBounded sends 100 MiB, and finds the last of it.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	body := strings.Repeat("x", 1<<20)
	for _, last := range append(make([]string, 100), "/last") {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/"+last, strings.NewReader(body))
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	requests := handler.Requests()
	require.LessOrEqual(t, len(requests), 64)
	require.Greater(t, len(requests), 32)
	require.Equal(t, "//last", requests[len(requests)-1].Path)
	require.Len(t, requests[0].Body, 1<<20)
	require.Equal(t, http.StatusNotFound, requests[0].StatusCode)
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
