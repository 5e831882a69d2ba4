package signalwire_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// TestRequestURLs: the request of an operation is the one that net/http makes of
// the same address, whatever the server is.
func TestRequestURLs(t *testing.T) {
	t.Parallel()
	for _, server := range []string{
		"https://example.signalwire.com" + signalwire.BasePath,
		"https://example.signalwire.com" + signalwire.BasePath + "/",
		"https://example.signalwire.com",
		"https://EXAMPLE.org:8443/A-b_c.d",
		"http://127.0.0.1:8080/api",
		"http://[::1]:8080/api",
		"http://user:secret@example.org/api",
		"http://example.org/a%20b/%2e%2e/%2F",
		"http://example.org/a b",
		"http://example.org/../a//b",
		"http://example.org/ä",
		"http://example.org/a:b@c;d=e,f",
		"http://example.org?a/b",
		"http://example.org#a/b",
		"http://example.org/a?b#c",
		"http://exa mple.org/a",
		"http://example.org:port/a",
		"http://example.org/%zz",
		"http://example.org/\x7f",
		"://example.org/a",
		"example.org/a",
		"/a",
		"",
	} {
		address := strings.TrimSuffix(server, "/") + strings.TrimPrefix(deletePath, signalwire.BasePath)
		want, wantErr := http.NewRequest(http.MethodDelete, address, nil)
		got, err := signalwire.NewDeleteParticipantRequest(server, testAccount, testConference, testCall)
		require.Equal(t, wantErr == nil, err == nil, "%q: %v", server, err)
		if wantErr == nil {
			require.Equal(t, want, got, server)
			require.Equal(t, want.URL.String(), got.URL.String())
		}
	}
}
