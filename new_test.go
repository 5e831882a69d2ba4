package signalwire_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

func TestSpaceURL(t *testing.T) {
	t.Parallel()
	const want = "https://acme-1.signalwire.com/api/laml/2010-04-01"
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
	"https://acme.signalwire.com//", "https://acme.signalwire.com/api/laml/2010-04-01", "acme.signalwire.com/",
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

func TestNewRejectsCredentials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, project, token, field string }{
		{"no project ID", "", testToken, "project ID"},
		{"no token", testProject, "", "API token"},
		{"swapped", testToken, testProject, "project ID"},
		{"project ID with a colon", testProject + ":x", testToken, "project ID"},
		{"project ID in braces", "{" + testProject + "}", testToken, "project ID"},
		{"project ID without hyphens", strings.ReplaceAll(testProject, "-", ""), testToken, "project ID"},
		{"project ID with a line end", testProject + "\n", testToken, "project ID"},
		{"token with a line end", testProject, testToken + "\n", "API token"},
		{"token with a space", testProject, "PT a9f3", "API token"},
		{"token with a tab", testProject, "PT\ta9f3", "API token"},
		{"token with a NUL", testProject, "PT\x00a9f3", "API token"},
		{"token with DEL", testProject, "PT\x7fa9f3", "API token"},
		{"token with an umlaut", testProject, "PTäa9f3", "API token"},
		{"token that is not UTF-8", testProject, "PT\xffa9f3", "API token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := signalwire.New("example", tt.project, tt.token)
			require.Nil(t, client)
			requireClearError(t, err, tt.project, tt.field)
			requireClearError(t, err, tt.token, tt.field)
		})
	}
}

func TestNewRejectsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := signalwire.New("", "", "")
	require.ErrorContains(t, err, "space")
	require.ErrorContains(t, err, "project ID")
	require.ErrorContains(t, err, "API token")
}

func TestNewBaseURL(t *testing.T) {
	t.Parallel()
	for _, baseURL := range []string{
		"https://example.org", "https://example.org/", "https://example.org:8443/a/b",
		"http://127.0.0.1:8080/api", "http://127.8.9.10", "http://[::1]:8080", "http://localhost:8080/x",
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
	"https://example.org:port", "https://example.org:99999999x", "https://exa\x00mple.org", "https://[::1", "%zz", "\n",
}

func TestNewRejectsOptions(t *testing.T) {
	t.Parallel()
	var noClient *http.Client
	for _, tt := range []struct {
		name   string
		option signalwire.ClientOption
		want   string
	}{
		{"nil option", nil, "option 2 is nil"},
		{"nil HTTP client", signalwire.WithHTTPClient(nil), "HTTP client is nil"},
		{"typed-nil HTTP client", signalwire.WithHTTPClient(noClient), "HTTP client is nil"},
		{"nil editor", signalwire.WithRequestEditorFn(nil), "request editor is nil"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := signalwire.New("example", testProject, testToken,
				signalwire.WithBaseURL("http://127.0.0.1:1"), tt.option)
			require.Nil(t, client)
			requireClearError(t, err, "", tt.want)
		})
	}
}

func TestNewLeavesHTTPClientAlone(t *testing.T) {
	t.Parallel()
	mine := &http.Client{}
	newClient(t, http.NotFoundHandler(), signalwire.WithHTTPClient(mine))
	require.Equal(t, http.Client{}, *mine)
}

func TestNewFromEnv(t *testing.T) {
	set := func(space, spaceURL, project, token string) {
		t.Setenv("SIGNALWIRE_SPACE", space)
		t.Setenv("SIGNALWIRE_SPACE_URL", spaceURL)
		t.Setenv("SIGNALWIRE_PROJECT_ID", project)
		t.Setenv("SIGNALWIRE_API_TOKEN", token)
	}
	server := func(client *signalwire.ClientWithResponses) string {
		return client.ClientInterface.(*signalwire.Client).Server
	}

	set("acme", "other.signalwire.com", testProject, testToken)
	client, err := signalwire.NewFromEnv()
	require.NoError(t, err)
	require.Equal(t, "https://acme.signalwire.com/api/laml/2010-04-01", server(client))

	set("", "other.signalwire.com", testProject, testToken)
	client, err = signalwire.NewFromEnv()
	require.NoError(t, err)
	require.Equal(t, "https://other.signalwire.com/api/laml/2010-04-01", server(client))

	set("", "", "", "")
	_, err = signalwire.NewFromEnv()
	for _, variable := range []string{"SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"} {
		require.ErrorContains(t, err, variable)
	}

	set("acme", "", testProject, "")
	_, err = signalwire.NewFromEnv()
	requireClearError(t, err, testProject, "SIGNALWIRE_API_TOKEN")
	require.NotContains(t, err.Error(), "SIGNALWIRE_SPACE")
}

// requireClearError wants an error of ours that names the field and does not
// repeat the rejected value.
func requireClearError(t *testing.T, err error, value, field string) {
	t.Helper()
	require.Error(t, err, "%q", value)
	require.Regexp(t, "^signalwire: ", err.Error())
	require.Contains(t, err.Error(), field, "%q", value)
	if len(value) > len(".signalwire.com") { // Shorter ones occur in any text.
		require.NotContains(t, err.Error(), value)
	}
}
