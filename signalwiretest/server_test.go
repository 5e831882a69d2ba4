package signalwiretest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

const otherSid = "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"

// pathOf returns the path that names a participant.
func pathOf(account, conference, call string) string {
	return signalwiretest.BasePath + "/Accounts/" + account + "/Conferences/" + conference + "/Participants/" + call
}

// TestHandlerAnswers sends what the typed client cannot.
func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler()
	conference, calls := handler.AddConference(1)
	good := pathOf(signalwiretest.ProjectID, conference.String(), calls[0].String())

	for _, tt := range []struct {
		name, method, path, body, token string
		status                          int
		want                            string
	}{
		{"wrong token", "DELETE", good, "", "PTwrong", 401, `"code":20003`},
		{"no credentials", "DELETE", good, "", "", 401, `"code":20003`},
		{"other account", "DELETE", pathOf(otherSid, conference.String(), calls[0].String()), "", signalwiretest.APIToken, 401, `"code":20003`},
		{"unknown call", "DELETE", pathOf(signalwiretest.ProjectID, conference.String(), otherSid), "", signalwiretest.APIToken, 404, `"code":20404`},
		{"unknown conference", "DELETE", pathOf(signalwiretest.ProjectID, otherSid, calls[0].String()), "", signalwiretest.APIToken, 404, `"code":20404`},
		{"malformed SID", "DELETE", pathOf(signalwiretest.ProjectID, conference.String(), "CA123"), "", signalwiretest.APIToken, 422, `"code":10000`},
		{"unknown path", "DELETE", signalwiretest.BasePath + "/elsewhere", "", signalwiretest.APIToken, 404, `"code":20404`},
		{"unknown method", "PATCH", good, "", signalwiretest.APIToken, 404, `"code":20404`},
		{"trailing slash", "DELETE", good + "/", "", signalwiretest.APIToken, 404, `"code":20404`},
		{"query", "DELETE", good + "?force=1", "", signalwiretest.APIToken, 500, `query parameter \"force\" is not in the contract`},
		{"body", "DELETE", good, "{}", signalwiretest.APIToken, 500, "request body"},
		{"removal", "DELETE", good, "", signalwiretest.APIToken, 204, ""},
		{"removal again", "DELETE", good, "", signalwiretest.APIToken, 404, `"code":20404`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, strings.NewReader(tt.body))
			if tt.token != "" {
				r.SetBasicAuth(signalwiretest.ProjectID, tt.token)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code, w.Body)
			require.Contains(t, w.Body.String(), tt.want)
			require.NotContains(t, w.Body.String(), signalwiretest.APIToken)
		})
	}
	require.Empty(t, handler.Participants(conference))
}

// recordingTB is a test that may fail without failing this one.
type recordingTB struct {
	testing.TB
	mu       sync.Mutex
	failures []string
}

func (r *recordingTB) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func TestServerFailsTheTestOnViolation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, path, body string
		authenticated            bool
		want                     []string
	}{
		{"nothing", "DELETE", pathOf(signalwiretest.ProjectID, otherSid, otherSid), "", true, nil},
		{"no credentials", "DELETE", pathOf(signalwiretest.ProjectID, otherSid, otherSid), "", false, []string{"request breaks the contract: DELETE /Accounts/{AccountSid}", "security"}},
		{"malformed SID", "DELETE", pathOf(signalwiretest.ProjectID, otherSid, "CA123"), "", true, []string{"request breaks the contract: DELETE /Accounts/{AccountSid}", `"CallSid" in path`}},
		{"query", "DELETE", pathOf(signalwiretest.ProjectID, otherSid, otherSid) + "?x=1", "", true, []string{`query parameter "x" is not in the contract`}},
		{"body", "DELETE", pathOf(signalwiretest.ProjectID, otherSid, otherSid), "{}", true, []string{"request body"}},
		{"unknown operation", "PATCH", "/elsewhere", "", true, []string{"no operation of this method and path"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recording := &recordingTB{TB: t}
			server := signalwiretest.NewServer(recording)
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, strings.NewReader(tt.body))
			if tt.authenticated {
				r.SetBasicAuth(signalwiretest.ProjectID, signalwiretest.APIToken)
			}
			server.ServeHTTP(httptest.NewRecorder(), r)
			if tt.want == nil {
				require.Empty(t, recording.failures)
				return
			}
			require.Len(t, recording.failures, 1)
			for _, want := range tt.want {
				require.Contains(t, recording.failures[0], want)
			}
			require.NotContains(t, recording.failures[0], "\n")
		})
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer signalwiretest.Answer
		is     error
		status int
		acted  bool
	}{
		{"BadRequest", signalwiretest.BadRequest(), signalwire.ErrBadRequest, 400, false},
		{"Unauthorized", signalwiretest.Unauthorized(), signalwire.ErrUnauthorized, 401, false},
		{"NotFound", signalwiretest.NotFound(), signalwire.ErrNotFound, 404, false},
		{"Unprocessable", signalwiretest.Unprocessable(), signalwire.ErrUnprocessable, 422, false},
		{"RateLimited", signalwiretest.RateLimited(1500 * time.Millisecond), signalwire.ErrTooManyRequests, 429, false},
		{"Unavailable", signalwiretest.Unavailable(), signalwire.ErrUnexpectedResponse, 503, false},
		{"HTML", signalwiretest.HTML(404), signalwire.ErrUnexpectedResponse, 404, false},
		{"Redirect", signalwiretest.Redirect("/elsewhere"), signalwire.ErrUnexpectedResponse, 302, false},
		{"Hang", signalwiretest.Hang(), nil, 0, false},
		{"Disconnect", signalwiretest.Disconnect(), nil, 0, false},
		{"ActThenDisconnect", signalwiretest.ActThenDisconnect(), nil, 0, true},
		{"Handle", signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		})), signalwire.ErrUnexpectedResponse, 418, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := signalwiretest.NewServer(t)
			conference, calls := server.AddConference(2)
			doer := &signalwire.Doer{MaxAttempts: 1}
			if tt.name == "Hang" {
				doer.AttemptTimeout = 100 * time.Millisecond
			}
			client := server.Client(signalwire.WithHTTPClient(doer))
			server.Script(tt.answer)

			_, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

			if tt.status == 0 {
				var transportError *signalwire.TransportError
				require.ErrorAs(t, err, &transportError)
				require.True(t, transportError.MaybeApplied)
			} else {
				var apiError *signalwire.Error
				require.ErrorAs(t, err, &apiError)
				require.ErrorIs(t, err, tt.is)
				require.Equal(t, tt.status, apiError.StatusCode)
				if tt.status == http.StatusTooManyRequests {
					require.Equal(t, 2*time.Second, apiError.RetryAfter)
				}
			}
			require.Equal(t, !tt.acted, len(server.Participants(conference)) == 2)
			require.Equal(t, tt.status, server.Requests()[0].StatusCode)

			// Then it behaves normally again.
			_, err = server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[1])
			require.NoError(t, err)
		})
	}
}

func TestScriptIsConsumedInOrder(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(1)
	server.Script(signalwiretest.Unavailable())
	server.Script(signalwiretest.ActThenDisconnect(), signalwiretest.Answer{})

	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

	var apiError *signalwire.Error
	require.ErrorAs(t, err, &apiError)
	require.ErrorIs(t, err, signalwire.ErrNotFound)
	require.True(t, apiError.MaybeApplied)
	require.Empty(t, server.Participants(conference))
	var statuses []int
	for _, request := range server.Requests() {
		statuses = append(statuses, request.StatusCode)
		require.Equal(t, http.MethodDelete, request.Method)
		require.Equal(t, pathOf(signalwiretest.ProjectID, conference.String(), calls[0].String()), request.Path)
		require.Equal(t, []string{"[redacted]"}, request.Header["Authorization"])
		require.Equal(t, "application/json", request.Header.Get("Accept"))
		require.Empty(t, request.Body)
	}
	require.Equal(t, []int{503, 0, 404}, statuses)
}

func TestServerCloseEndsHanging(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	errs := make(chan error, 1)
	t.Run("server", func(t *testing.T) {
		server := signalwiretest.NewServer(t)
		conference, calls := server.AddConference(1)
		server.Script(signalwiretest.Hang())
		client := server.Client(signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: 1, AttemptTimeout: time.Hour, MaxElapsed: time.Hour}))
		go func() {
			_, err := client.DeleteParticipantWithResponse(ctx, server.Account(), conference, calls[0])
			errs <- err
		}()
		require.Eventually(t, func() bool { return len(server.Requests()) == 1 }, 10*time.Second, time.Millisecond)
	})
	var transportError *signalwire.TransportError
	require.ErrorAs(t, <-errs, &transportError)
}

func TestConcurrentRemovals(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(1000)
	client := server.Client()
	var removed, notFound atomic.Int64
	work := make(chan signalwire.CallSid)
	var workers sync.WaitGroup
	for range 64 {
		workers.Go(func() {
			for call := range work {
				switch _, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call); {
				case err == nil:
					removed.Add(1)
				case errors.Is(err, signalwire.ErrNotFound):
					notFound.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	for _, call := range calls {
		work <- call
	}
	for _, call := range calls[:100] {
		work <- call
	}
	close(work)
	workers.Wait()
	require.EqualValues(t, 1000, removed.Load())
	require.EqualValues(t, 100, notFound.Load())
	require.Empty(t, server.Participants(conference))
	require.Len(t, server.Requests(), 1100)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestValidateTraffic lets wrong and right traffic through unchanged.
func TestValidateTraffic(t *testing.T) {
	t.Parallel()
	const documented = `{"code":20404,"message":"m","more_info":"i","status":404}`
	url := "https://example.signalwire.com" + pathOf(signalwiretest.ProjectID, otherSid, otherSid)
	for _, tt := range []struct {
		name, method, url, requestBody string
		status                         int
		contentType, body              string
		want                           []string
	}{
		{"204", "DELETE", url, "", 204, "", "", nil},
		{"documented 404", "DELETE", url, "", 404, "application/json", documented, nil},
		{"charset", "DELETE", url, "", 404, "application/json; charset=utf-8", documented, nil},
		{"string code", "DELETE", url, "", 404, "application/json", strings.Replace(documented, "20404", `"20404"`, 1), []string{"answer breaks the contract: DELETE /Accounts/{AccountSid}"}},
		{"undocumented status", "DELETE", url, "", 429, "application/json", strings.ReplaceAll(documented, "404", "429"), []string{"status 429 is not in the contract"}},
		{"redirect", "DELETE", url, "", 301, "", "", []string{"status 301 is not in the contract"}},
		{"HTML", "DELETE", url, "", 404, "text/html", "<html></html>", []string{"answer breaks the contract"}},
		{"trailing bytes", "DELETE", url, "", 404, "application/json", documented + "x", []string{"not one JSON value"}},
		{"body under 204", "DELETE", url, "", 204, "application/json", "{}", []string{"status 204 has no body"}},
		{"query", "DELETE", url + "?x=1", "", 204, "", "", []string{`query parameter "x"`}},
		{"request body", "DELETE", url, "{}", 204, "", "", []string{"request body"}},
		{"unknown operation", "PATCH", url, "", 200, "", "", []string{"no operation"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var findings []string
			transport := signalwiretest.ValidateTraffic(roundTrip(func(r *http.Request) (*http.Response, error) {
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
			r.SetBasicAuth(signalwiretest.ProjectID, signalwiretest.APIToken)

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
				require.NotContains(t, findings[i], signalwiretest.APIToken)
			}
		})
	}
}

func TestValidateTrafficPassesErrorsOn(t *testing.T) {
	t.Parallel()
	failure := errors.New("no network")
	transport := signalwiretest.ValidateTraffic(roundTrip(func(*http.Request) (*http.Response, error) { return nil, failure }),
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
