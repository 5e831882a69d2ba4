package signalwire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

func TestBasicAuth(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://example.signalwire.com/x", "http://127.0.0.1:8080/x", "http://[::1]/x", "http://localhost/x", "http://[::ffff:127.0.0.1]/x",
	} {
		req := httptest.NewRequest(http.MethodDelete, url, nil)
		require.NoError(t, signalwire.BasicAuth("user", "pass:word")(t.Context(), req), url)
		// RFC 7617: the user name ends at the first colon.
		require.Equal(t, "Basic dXNlcjpwYXNzOndvcmQ=", req.Header.Get("Authorization"))
	}
}

func TestBasicAuthRefusesPlainHTTP(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"http://example.signalwire.com/x", "http://localhost.example.org/x", "http://128.0.0.1/x", "http://[::2]/x", "ftp://127.0.0.1/x",
	} {
		req := httptest.NewRequest(http.MethodDelete, url, nil)
		err := signalwire.BasicAuth(testProject, testToken)(t.Context(), req)
		requireClearError(t, err, testToken, "https")
		require.Empty(t, req.Header)
	}
}

func TestBasicAuthRejectsBeforeSending(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	for _, tt := range []struct{ name, project, token, field string }{
		{"no project ID", "", "token", "project ID"},
		{"no token", "project", "", "API token"},
		{"colon in the project ID", "pro:ject", "token", "project ID"},
		{"space in the project ID", "pro ject", "token", "project ID"},
		{"space in the token", "project", "to ken", "API token"},
		{"line end in the project ID", "project\r\n", "token", "project ID"},
		{"line end in the token", "project", "token\n", "API token"},
		{"control character", "project", "to\x1bken", "API token"},
		{"DEL", "project", "to\x7fken", "API token"},
		{"not ASCII in the project ID", "pröject", "token", "project ID"},
		{"not ASCII in the token", "project", "tökeñ", "API token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, err := signalwire.NewClientWithResponses(server.URL,
				signalwire.WithRequestEditorFn(signalwire.BasicAuth(tt.project, tt.token)))
			require.NoError(t, err)

			response, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)

			require.Nil(t, response)
			requireClearError(t, err, tt.token, tt.field)
		})
	}
	require.Zero(t, requests.Load())
}

func FuzzBasicAuth(f *testing.F) {
	for _, c := range [][2]string{
		{testProject, testToken}, {"", ""}, {"a:b", "c"}, {"a", "b:c"}, {"a b", "c"}, {"a\n", "b"}, {"ä", "b"}, {"a", "\xff"}, {"a", "\x7f"},
	} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, projectID, apiToken string) {
		request := httptest.NewRequest(http.MethodDelete, "https://example.org/", nil)
		err := signalwire.BasicAuth(projectID, apiToken)(t.Context(), request)
		if err != nil {
			require.Empty(t, request.Header)
			requireClearError(t, err, "", "")
			for _, value := range []string{projectID, apiToken} {
				require.False(t, len(value) > 16 && strings.Contains(err.Error(), value), "%v shows %q", err, value)
			}
			return
		}
		user, password, ok := request.BasicAuth()
		require.True(t, ok, "no basic authentication")
		require.Equal(t, projectID, user)
		require.Equal(t, apiToken, password)
		require.NotEmpty(t, user)
		require.NotEmpty(t, password)
		require.Equal(t, -1, strings.IndexFunc(user+password, func(r rune) bool { return r <= ' ' || r >= 0x7f }))
	})
}
