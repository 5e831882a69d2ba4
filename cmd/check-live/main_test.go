package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

const name = "check-live"

// account has the credentials of every handler of this name.
var account = signalwiretest.NewHandler(name)

// check runs the program against a handler.
func check(t *testing.T, handler http.Handler) (status int, stdout, stderr string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	t.Setenv("SIGNALWIRE_SPACE", "example")
	t.Setenv("SIGNALWIRE_PROJECT_ID", account.ProjectID())
	t.Setenv("SIGNALWIRE_API_TOKEN", account.APIToken())
	var out, err bytes.Buffer
	status = run(t.Context(), []string{"-base-url", server.URL + signalwiretest.BasePath}, &out, &err)
	for _, secret := range []string{account.APIToken(), account.ProjectID()} {
		require.NotContains(t, out.String()+err.String(), secret)
	}
	require.NotRegexp(t, identifier, out.String())
	return status, out.String(), err.String()
}

func TestServiceAsDocumented(t *testing.T) {
	handler := signalwiretest.NewHandler(name)
	status, stdout, stderr := check(t, handler)
	require.Zero(t, status, stdout)
	require.Empty(t, stderr)
	require.Equal(t, 2, strings.Count(stdout, "result:       as expected"))
	require.Contains(t, stdout, "body:         {code number, message string, more_info string, status number}")
	require.Contains(t, stdout, "content type: application/json")
	requests := handler.Requests()
	require.Len(t, requests, 2)
	require.Equal(t, 404, requests[0].StatusCode)
	require.Equal(t, 401, requests[1].StatusCode)
	require.NotEqual(t, requests[0].Path, requests[1].Path, "SIDs are made up anew")
}

func TestServiceDiffers(t *testing.T) {
	status, stdout, _ := check(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, token, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-RateLimit-Remaining", "17")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"code":"20404","message":"` + user + " " + token + r.URL.Path + `","more_info":null,"status":404}`))
	}))
	require.Equal(t, 1, status)
	require.Equal(t, 2, strings.Count(stdout, "NOT as expected"))
	require.Contains(t, stdout, "limit header: X-Ratelimit-Remaining = 17")
	require.Contains(t, stdout, "body:         {code string, message string, more_info null, status number}")
	require.Contains(t, stdout, "difference:   the response breaks the contract: DELETE /Accounts/{AccountSid}")
}

func TestNotTheService(t *testing.T) {
	status, stdout, _ := check(t, http.NotFoundHandler())
	require.Equal(t, 1, status)
	require.Contains(t, stdout, "unexpected response")
	require.Contains(t, stdout, "not JSON")
}

func TestRemovedSomebody(t *testing.T) {
	status, stdout, _ := check(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	require.Equal(t, 1, status)
	require.Contains(t, stdout, "NOT as expected")
	require.Contains(t, stdout, "content type: none")
}

func TestWithoutEnvironment(t *testing.T) {
	for _, name := range []string{"SIGNALWIRE_SPACE", "SIGNALWIRE_SPACE_URL", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"} {
		t.Setenv(name, "")
	}
	var stdout, stderr bytes.Buffer
	require.Equal(t, 2, run(t.Context(), nil, &stdout, &stderr))
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "SIGNALWIRE_API_TOKEN")
}
