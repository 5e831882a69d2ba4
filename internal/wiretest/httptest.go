package wiretest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Serve returns the URL of a server that ends with the test.
func Serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
