package signalwire_test

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

func TestSpaceURL(t *testing.T) {
	t.Parallel()
	const want = "https://acme-1.signalwire.com" + signalwire.BasePath
	for _, space := range []string{
		"acme-1", "ACME-1", "acme-1.signalwire.com", "Acme-1.SignalWire.com",
		"https://acme-1.signalwire.com", "https://acme-1.signalwire.com/", "HTTPS://ACME-1.SIGNALWIRE.COM",
	} {
		got, err := signalwire.SpaceURL(space)
		require.NoError(t, err, space)
		require.Equal(t, want, got, space)
	}
	_, err := signalwire.SpaceURL(strings.Repeat("a", 63))
	require.NoError(t, err)
}

// rejectedSpaces are what people put in by mistake, and what would move the
// host, smuggle credentials or change the path.
var rejectedSpaces = []string{
	"", " ", "acme ", " acme", "acme\n", "a b", "YOUR_SPACE", "-acme", "acme-", ".", "..", "a.b", "äcme", "\u212aelvin",
	strings.Repeat("a", 64),
	"signalwire.com", ".signalwire.com", "acme.signalwire.com.", "acme.signalwire.com:443",
	"acme.signalwire.com.evil.test", "acme.evil.test", "evil.test/acme.signalwire.com",
	"acme.evil.test#.signalwire.com", "evil.test/#.signalwire.com", "evil.test?.signalwire.com", `evil.test\.signalwire.com`,
	"a.acme.signalwire.com", "acme.signalwire.com.signalwire.com", "https://acme.signalwire.com.signalwire.com",
	"user:secret@acme", "https://user:secret@acme.signalwire.com", "user@acme.signalwire.com",
	"https://acme", "https://", "https://.signalwire.com", "http://acme.signalwire.com", "//acme.signalwire.com",
	"https://acme.signalwire.com//", "https://acme.signalwire.com" + signalwire.BasePath, "acme.signalwire.com/",
	"https://acme.signalwire.com?x", "https://acme.signalwire.com#x", "ftp://acme.signalwire.com",
	"https://https://acme.signalwire.com", "acme%2esignalwire.com", "acme\x00", "[::1]", "127.0.0.1",
}

func TestSpaceURLRejects(t *testing.T) {
	t.Parallel()
	for _, space := range rejectedSpaces {
		got, err := signalwire.SpaceURL(space)
		require.Error(t, err, "%q", space)
		require.Empty(t, got, "%q", space)
		requireClearError(t, err, space, "space")

		_, err = signalwire.New(space, testProject, testToken)
		requireClearError(t, err, space, "space")
	}
}

func TestNewBaseURL(t *testing.T) {
	t.Parallel()
	for _, baseURL := range []string{
		"https://example.org", "https://example.org/", "https://example.org:8443/a/b",
		"http://127.0.0.1:8080/api", "http://127.8.9.10", "http://[::1]:8080", "http://localhost:8080/x",
		"http://[::ffff:127.0.0.1]", "http://[::1%25lo]:8080", "https://example.org:1", "https://example.org:65535", "HTTPS://Example.org",
	} {
		_, err := signalwire.New("example", testProject, testToken, signalwire.WithBaseURL(baseURL))
		require.NoError(t, err, baseURL)
	}
	for _, baseURL := range rejectedBaseURLs {
		client, err := signalwire.New("example", testProject, testToken, signalwire.WithBaseURL(baseURL))
		require.Nil(t, client, "%q", baseURL)
		requireClearError(t, err, baseURL, "base URL")
		require.NotContains(t, err.Error(), "hunter2", "%q", baseURL)
	}
}

var rejectedBaseURLs = []string{
	"", "/", "example.org", "example.org/api", "//example.org", "https://", "https:///api", "https:example.org",
	"http://example.org", "http://127.0.0.1.example.org", "http://localhost.example.org", "http://10.0.0.1", "http://[::2]",
	"http://0x7f000001", "ftp://127.0.0.1", "file:///etc/passwd", "unix:///run/x",
	"https://hunter2@example.org", "https://user:hunter2@example.org", "https://user:hunter2@exa mple.org", "https://@example.org",
	"https://example.org?hunter2", "https://example.org/?", "https://example.org#hunter2",
	"https://example.org/../x", "https://example.org/a/./b", "https://example.org/a/..", "https://example.org/%2e%2e/x",
	"https://example.org//a", "https://example.org/a//", "https://example.org/a b", "https://example.org/a;b",
	"https://example.org:", "https://example.org:/a", "https://example.org:0", "https://example.org:65536", "https://example.org:99999",
	"http://127.0.0.1:", "http://localhost:99999", "http://[::1]:", "http://[::1]:70000", "https://example.org:-1", "https://example.org:+1",
	// What net/http hands to HTTP_PROXY, or a resolver may take for another host.
	"http://LOCALHOST", "http://Localhost:8080", "http://localhost.", "http://127.1", "http://127.0.0.1.", "http://[::ffff:10.0.0.1]",
	"https://example.org:port", "https://example.org:99999999x", "https://exa\x00mple.org", "https://[::1", "%zz", "\n",
}

// TestLoopbackIsNotProxied runs itself in a process of its own, because
// net/http reads the environment once: of what New accepts over plain http,
// net/http hands nothing to HTTP_PROXY.
func TestLoopbackIsNotProxied(t *testing.T) {
	if os.Getenv("HTTP_PROXY") != "http://proxy.test" {
		t.Parallel()
		wiretest.RunAgain(t, "HTTP_PROXY=http://proxy.test", "http_proxy=", "NO_PROXY=", "no_proxy=", "REQUEST_METHOD=")
		return
	}
	hosts := []string{
		"localhost", "LOCALHOST", "Localhost", "localhost.", "localhost.localdomain", "ip6-localhost", "127.0.0.1", "127.1", "127.0.0.1.",
		"127.255.255.254", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::]", "[::1]", "[::1%25lo]", "[0:0:0:0:0:0:0:1]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:10.0.0.1]", "10.0.0.1", "example.org", "\uff4cocalhost", "loc\u00adalhost",
	}
	var accepted int
	for _, host := range hosts {
		for _, port := range []string{"", ":8080"} {
			base := "http://" + host + port
			proxy, err := http.ProxyFromEnvironment(must(http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil)))
			require.NoError(t, err, base)
			_, err = signalwire.New("example", testProject, testToken, signalwire.WithBaseURL(base))
			require.False(t, err == nil && proxy != nil, "%s: accepted, and handed to the proxy", base)
			request := must(http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil))
			require.Equal(t, err == nil, signalwire.BasicAuth(testProject, testToken)(t.Context(), request) == nil, base)
			if err == nil {
				accepted++
			}
		}
	}
	require.Greater(t, accepted, 10)
}

func FuzzSpaceURL(f *testing.F) {
	for _, space := range rejectedSpaces {
		f.Add(space)
	}
	for _, space := range []string{"acme", "ACME.signalwire.com", "https://acme.signalwire.com/"} {
		f.Add(space)
	}
	accepted := regexp.MustCompile(`^https://[a-z0-9-]{1,63}\.signalwire\.com` + signalwire.BasePath + `$`)
	f.Fuzz(func(t *testing.T, space string) {
		got, err := signalwire.SpaceURL(space)
		if err != nil {
			require.Empty(t, got)
			requireClearError(t, err, space, "space")
			return
		}
		require.Regexp(t, accepted, got)
		label := strings.TrimSuffix(must(url.Parse(got)).Hostname(), ".signalwire.com")
		require.Contains(t, strings.ToLower(space), label)
	})
}

func FuzzBaseURL(f *testing.F) {
	for _, baseURL := range rejectedBaseURLs {
		f.Add(baseURL)
	}
	for _, baseURL := range []string{"https://example.org:8443/a/b", "http://[::1]:8080", "http://localhost/x/", "https://EXAMPLE.org"} {
		f.Add(baseURL)
	}
	f.Fuzz(func(t *testing.T, baseURL string) {
		var sent *http.Request
		client, err := signalwire.New("example", testProject, testToken, signalwire.WithBaseURL(baseURL),
			signalwire.WithHTTPClient(wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				sent = r
				return wiretest.Response(r, 204, ""), nil
			})))
		if err != nil {
			require.Nil(t, client)
			requireClearError(t, err, "", "base URL")
			return
		}
		given := must(url.Parse(baseURL))
		_, err = client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
		if err != nil {
			return // What is not sent leaks nothing.
		}
		require.Equal(t, given.Host, sent.URL.Host)
		require.Equal(t, given.Scheme, sent.URL.Scheme)
		if sent.URL.Scheme != "https" {
			require.Equal(t, "http", sent.URL.Scheme)
			host := strings.ToLower(sent.URL.Hostname())
			require.True(t, host == "localhost" || strings.HasPrefix(host, "127.") || strings.Contains(host, ":"), host)
		}
		require.Nil(t, sent.URL.User)
		require.Empty(t, sent.URL.RawQuery+sent.URL.Fragment+sent.URL.Opaque)
		require.False(t, sent.URL.ForceQuery, "%v has a query", sent.URL)
		require.True(t, strings.HasSuffix(sent.URL.EscapedPath(), strings.TrimPrefix(deletePath, signalwire.BasePath)), "the end of %v", sent.URL)
		require.True(t, strings.HasPrefix(sent.URL.Path, strings.TrimSuffix(given.Path, "/")), "the start of %v", sent.URL)
		require.NotContains(t, sent.URL.Path, "/../")
	})
}
