package signalwire_test

import (
	"net/http"
	"slices"
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

// setEnvironment sets the variables that a client is made from, and unsets those
// that are not named.
func setEnvironment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range []string{"SPACE", "SPACE_URL", "PROJECT_ID", "API_TOKEN", "BASE_URL"} {
		t.Setenv("SIGNALWIRE_"+name, variables[name])
	}
}

func TestNewFromEnv(t *testing.T) {
	const ofAcme = "https://acme.signalwire.com" + signalwire.BasePath
	own := signalwire.WithBaseURL("https://example.org/own")
	for _, tt := range []struct {
		name                     string
		space, spaceURL, baseURL string
		options                  []signalwire.ClientOption
		want                     string
	}{
		{"space", "acme", "", "", nil, ofAcme},
		{"space and its URL", "acme", "other.signalwire.com", "", nil, ofAcme},
		{"space URL", "", "acme.signalwire.com", "", nil, ofAcme},
		{"base URL", "", "", "https://example.org/api", nil, "https://example.org/api"},
		{"base URL on loopback", "", "", "http://127.0.0.1:8080", nil, "http://127.0.0.1:8080"},
		{"base URL and space", "acme", "", "https://example.org", nil, "https://example.org"},
		{"option and space", "acme", "", "", []signalwire.ClientOption{own}, "https://example.org/own"},
		{"option and base URL", "", "", "https://example.org", []signalwire.ClientOption{own}, "https://example.org/own"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setEnvironment(t, map[string]string{
				"SPACE": tt.space, "SPACE_URL": tt.spaceURL, "BASE_URL": tt.baseURL, "PROJECT_ID": testProject, "API_TOKEN": testToken,
			})
			client, err := signalwire.NewFromEnv(tt.options...)
			require.NoError(t, err)
			require.Equal(t, tt.want, client.ClientInterface.(*signalwire.Client).Server)
		})
	}
}

func TestNewFromEnvRejects(t *testing.T) {
	for _, tt := range []struct {
		name      string
		variables map[string]string
		names     []string // what the error names, and nothing else of the list
	}{
		{"nothing set", nil, []string{"SPACE", "PROJECT_ID", "API_TOKEN"}},
		{"no token", map[string]string{"SPACE": "acme", "PROJECT_ID": testProject}, []string{"API_TOKEN"}},
		{"no space", map[string]string{"PROJECT_ID": testProject, "API_TOKEN": testToken}, []string{"SPACE"}},
		{"base URL alone", map[string]string{"BASE_URL": "https://example.org"}, []string{"PROJECT_ID", "API_TOKEN"}},
		{"base URL that is none", map[string]string{"BASE_URL": "http://example.org/hunter2", "PROJECT_ID": testProject, "API_TOKEN": testToken}, []string{"BASE_URL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setEnvironment(t, tt.variables)
			client, err := signalwire.NewFromEnv()
			require.Nil(t, client)
			for _, name := range []string{"SPACE", "PROJECT_ID", "API_TOKEN", "BASE_URL"} {
				require.Equal(t, slices.Contains(tt.names, name), strings.Contains(err.Error(), "SIGNALWIRE_"+name), "%s: %v", name, err)
			}
			for _, value := range tt.variables {
				requireClearError(t, err, value, "")
			}
		})
	}
	t.Run("New still wants a space", func(t *testing.T) {
		_, err := signalwire.New("", testProject, testToken, signalwire.WithBaseURL("https://example.org"))
		requireClearError(t, err, "", "space")
	})
}

func TestAccountFromEnv(t *testing.T) {
	setEnvironment(t, map[string]string{"PROJECT_ID": testProject})
	account, err := signalwire.AccountFromEnv()
	require.NoError(t, err)
	require.Equal(t, testAccount, account)

	for name, value := range map[string]string{"missing": "", "no UUID": "a project of mine that has a name", "the nil UUID": "00000000-0000-0000-0000-000000000000"} {
		t.Run(name, func(t *testing.T) {
			setEnvironment(t, map[string]string{"PROJECT_ID": value})
			account, err := signalwire.AccountFromEnv()
			require.True(t, account.IsZero())
			requireClearError(t, err, value, "SIGNALWIRE_PROJECT_ID")
			require.Equal(t, 1, strings.Count(err.Error(), "signalwire:"))
		})
	}
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
