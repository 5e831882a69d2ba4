package signalwiretest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
	"example.com/signalwire/signalwiretest"
)

const (
	projectID = "6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24"
	apiToken  = "PTtest5d2c8e0f4a6b1c3d7e9f"
)

// TestValidateTraffic lets wrong and right traffic through unchanged.
func TestValidateTraffic(t *testing.T) {
	t.Parallel()
	const documented = `{"code":20404,"message":"m","more_info":"i","status":404}`
	url := "https://example.signalwire.com" + pathOf(projectID, otherSid, otherSid)
	for _, tt := range []struct {
		name, method, url, requestBody string
		status                         int
		contentType, body              string
		want                           []string
	}{
		{"204", "DELETE", url, "", 204, "", "", nil},
		{"documented 404", "DELETE", url, "", 404, "application/json", documented, nil},
		{"charset", "DELETE", url, "", 404, "application/json; charset=utf-8", documented, nil},
		{"string code", "DELETE", url, "", 404, "application/json", strings.Replace(documented, "20404", `"20404"`, 1), []string{"response breaks the contract: DELETE /Accounts/{AccountSid}"}},
		{"undocumented status", "DELETE", url, "", 429, "application/json", strings.ReplaceAll(documented, "404", "429"), []string{"status 429 is not in the contract"}},
		{"redirect", "DELETE", url, "", 301, "", "", []string{"status 301 is not in the contract"}},
		{"HTML", "DELETE", url, "", 404, "text/html", "<html></html>", []string{"response breaks the contract"}},
		{"trailing bytes", "DELETE", url, "", 404, "application/json", documented + "x", []string{"not one JSON value"}},
		{"other spelling", "DELETE", url, "", 404, "APPLICATION/JSON", documented, nil},
		{"trailing bytes in another spelling", "DELETE", url, "", 404, "APPLICATION/JSON", documented + "x", []string{"not one JSON value"}},
		{"key given twice", "DELETE", url, "", 404, "application/json", `{"code":1,` + documented[1:], []string{`the key "code" twice`}},
		{"body under 204", "DELETE", url, "", 204, "application/json", "{}", []string{"status 204 has no body"}},
		{"query", "DELETE", url + "?x=1", "", 204, "", "", []string{`query parameter "x"`}},
		{"malformed query", "DELETE", url + "?a;b=1", "", 204, "", "", []string{"the query is malformed"}},
		{"request body", "DELETE", url, "{}", 204, "", "", []string{"the request has a body"}},
		{"unknown operation", "PATCH", url, "", 200, "", "", []string{"no operation"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var findings []string
			transport := signalwiretest.ValidateTraffic(wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				if r.Body != nil {
					sent, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					require.Equal(t, tt.requestBody, string(sent))
				}
				response := &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: http.NoBody, Request: r}
				if tt.contentType != "" {
					response.Header.Set("Content-Type", tt.contentType)
				}
				if tt.body != "" {
					response.Body = io.NopCloser(strings.NewReader(tt.body))
				}
				return response, nil
			}), func(err error) { findings = append(findings, err.Error()) })
			var body io.Reader
			if tt.requestBody != "" {
				body = bytes.NewReader([]byte(tt.requestBody))
			}
			r, err := http.NewRequestWithContext(t.Context(), tt.method, tt.url, body)
			require.NoError(t, err)
			r.SetBasicAuth(projectID, apiToken)

			response, err := transport.RoundTrip(r)

			require.NoError(t, err)
			require.Equal(t, tt.status, response.StatusCode)
			got, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, tt.body, string(got))
			require.Len(t, findings, len(tt.want), "%q", findings)
			for i, want := range tt.want {
				require.Contains(t, findings[i], want)
				require.NotContains(t, findings[i], "\n")
				require.NotContains(t, findings[i], apiToken)
			}
		})
	}
}

// TestValidateTrafficOfUnreadBodies knows only the status of what it did not
// see as a whole.
func TestValidateTrafficOfUnreadBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		length int
		read   int64
		want   string
	}{
		{"closed at once", 404, 10, 0, ""},
		{"closed at once, undocumented", 429, 10, 0, "status 429 is not in the contract"},
		{"read in part", 404, 10, 9, ""},
		{"too long", 404, 16<<20 + 1, 16<<20 + 2, ""},
		{"too long, undocumented", 429, 16<<20 + 1, 16<<20 + 2, "status 429 is not in the contract"},
		{"as long as possible", 404, 16 << 20, 16<<20 + 1, "not one JSON value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var findings []error
			transport := signalwiretest.ValidateTraffic(wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: tt.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
					Body: io.NopCloser(strings.NewReader(strings.Repeat("x", tt.length))),
				}, nil
			}), func(err error) { findings = append(findings, err) })
			r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete,
				"https://example.signalwire.com"+pathOf(projectID, otherSid, otherSid), nil)
			require.NoError(t, err)
			r.SetBasicAuth(projectID, apiToken)
			response, err := transport.RoundTrip(r)
			require.NoError(t, err)
			_, err = io.CopyN(io.Discard, response.Body, tt.read)
			if tt.read > int64(tt.length) {
				require.ErrorIs(t, err, io.EOF)
			}
			require.NoError(t, response.Body.Close())
			if tt.want == "" {
				require.Empty(t, findings)
				return
			}
			require.Len(t, findings, 1)
			require.ErrorContains(t, findings[0], tt.want)
		})
	}
}

func TestValidateTrafficPassesErrorsOn(t *testing.T) {
	t.Parallel()
	failure := errors.New("no network")
	transport := signalwiretest.ValidateTraffic(wiretest.Fails(failure),
		func(err error) { t.Error(err) })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://example.signalwire.com"+pathOf(otherSid, otherSid, otherSid), nil)
	require.NoError(t, err)
	r.SetBasicAuth("a", "b")
	_, err = transport.RoundTrip(r)
	require.ErrorIs(t, err, failure)
}

// TestValidateTrafficThroughClient is what a caller's staging test does.
func TestValidateTrafficThroughClient(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(1)
	server.Script(signalwiretest.RateLimited(0))
	var findings []error
	transport := signalwiretest.ValidateTraffic(nil, func(err error) { findings = append(findings, err) })
	client := server.Client(signalwire.WithHTTPClient(&http.Client{Transport: transport}))

	_, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

	require.NoError(t, err)
	require.Len(t, findings, 1)
	require.ErrorContains(t, findings[0], "status 429 is not in the contract")
}

type idler struct {
	wiretest.Sender
	closed bool
}

func (i *idler) CloseIdleConnections() { i.closed = true }

func TestValidateTrafficClosesIdleConnections(t *testing.T) {
	t.Parallel()
	next := &idler{}
	client := &http.Client{Transport: signalwiretest.ValidateTraffic(next, nil)}
	client.CloseIdleConnections()
	require.True(t, next.closed, "the next round tripper was not asked")
	(&http.Client{Transport: signalwiretest.ValidateTraffic(wiretest.Sender(nil), nil)}).CloseIdleConnections()
}
