package signalwiretest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler()
	server := httptest.NewServer(handler)
	defer server.Close()
	conference, calls := handler.AddConference(1)
	path := signalwiretest.BasePath + "/Accounts/" + signalwiretest.ProjectID + "/Conferences/" + conference.String() + "/Participants/"
	other := "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"

	for _, tt := range []struct {
		name, method, path, body, token string
		status                          int
		want                            string
	}{
		{"wrong token", "DELETE", path + calls[0].String(), "", "PTwrong", 401, `"code":20003`},
		{"no credentials", "DELETE", path + calls[0].String(), "", "", 401, `"code":20003`},
		{"other account", "DELETE", strings.Replace(path, signalwiretest.ProjectID, other, 1) + calls[0].String(), "", signalwiretest.APIToken, 401, `"code":20003`},
		{"unknown call", "DELETE", path + other, "", signalwiretest.APIToken, 404, `"code":20404`},
		{"unknown conference", "DELETE", strings.Replace(path, conference.String(), other, 1) + calls[0].String(), "", signalwiretest.APIToken, 404, `"code":20404`},
		{"malformed SID", "DELETE", path + "CA123", "", signalwiretest.APIToken, 422, `"code":10000`},
		{"unknown path", "DELETE", signalwiretest.BasePath + "/Calls", "", signalwiretest.APIToken, 404, `"code":20404`},
		{"unknown method", "GET", path + calls[0].String(), "", signalwiretest.APIToken, 404, `"code":20404`},
		{"trailing slash", "DELETE", path + calls[0].String() + "/", "", signalwiretest.APIToken, 404, `"code":20404`},
		{"query", "DELETE", path + calls[0].String() + "?force=1", "", signalwiretest.APIToken, 500, `query parameter "force" is not in the contract`},
		{"body", "DELETE", path + calls[0].String(), "{}", signalwiretest.APIToken, 500, "request body"},
		{"removal", "DELETE", path + calls[0].String(), "", signalwiretest.APIToken, 204, ""},
		{"removal again", "DELETE", path + calls[0].String(), "", signalwiretest.APIToken, 404, `"code":20404`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, strings.NewReader(tt.body))
			require.NoError(t, err)
			if tt.token != "" {
				req.SetBasicAuth(signalwiretest.ProjectID, tt.token)
			}
			response, err := server.Client().Do(req)
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Equal(t, tt.status, response.StatusCode, "%s", body)
			require.Contains(t, string(body), tt.want)
			require.NotContains(t, string(body), signalwiretest.APIToken)
		})
	}
	require.Empty(t, handler.Participants(conference))
}

// recordingTB is a test that may fail without failing this one.
type recordingTB struct {
	testing.TB
	failures []string
}

func (r *recordingTB) Errorf(format string, args ...any) {
	r.failures = append(r.failures, strings.TrimSpace(format))
	for _, arg := range args {
		r.failures = append(r.failures, arg.(error).Error())
	}
}

func TestServerFailsTheTestOnViolation(t *testing.T) {
	t.Parallel()
	recording := &recordingTB{TB: t}
	server := signalwiretest.NewServer(recording)
	conference, calls := server.AddConference(1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete,
		server.URL+"/Accounts/"+signalwiretest.ProjectID+"/Conferences/"+conference.String()+"/Participants/"+calls[0].String()+"?x=1", nil)
	require.NoError(t, err)
	req.SetBasicAuth(signalwiretest.ProjectID, signalwiretest.APIToken)
	response, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Contains(t, strings.Join(recording.failures, "\n"), `query parameter "x" is not in the contract`)
	require.Len(t, server.Participants(conference), 1)
}
