package signalwire_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

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
		{"nil function as HTTP client", signalwire.WithHTTPClient(sender(nil)), "HTTP client is nil"},
		{"nil function as RoundTripper", signalwire.WithHTTPClient(&http.Client{Transport: sender(nil)}), "transport is nil"},
		{"nil map as HTTP client", signalwire.WithHTTPClient(mapClient(nil)), "HTTP client is nil"},
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

type mapClient map[string]*http.Response

func (m mapClient) Do(r *http.Request) (*http.Response, error) { return m[r.URL.Path], nil }

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
