package signalwiretest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

const otherSid = "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"

// TestHandlerResponds sends what the typed client cannot.
func TestHandlerResponds(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	conference, calls := handler.AddConference(1)
	project, token := handler.ProjectID(), handler.APIToken()
	good := pathOf(project, conference.String(), calls[0].String())

	const page = "<!DOCTYPE html>"
	for _, tt := range []struct {
		name, method, path, body, token string
		status                          int
		want                            string
	}{
		{"wrong token", "DELETE", good, "", "PTwrong", 401, `"code":20003`},
		{"wrong project", "DELETE", good, "", token, 401, `"code":20003`},
		{"no credentials", "DELETE", good, "", "", 401, `"code":20003`},
		{"other account", "DELETE", pathOf(otherSid, conference.String(), calls[0].String()), "", token, 401, `"code":20003`},
		{"unknown call", "DELETE", pathOf(project, conference.String(), otherSid), "", token, 404, `"code":20404`},
		{"unknown conference", "DELETE", pathOf(project, otherSid, calls[0].String()), "", token, 404, `"code":20404`},
		{"malformed SID", "DELETE", pathOf(project, conference.String(), "CA123"), "", token, 422, `"code":10000`},
		{"nil UUID", "DELETE", pathOf(project, conference.String(), "00000000-0000-0000-0000-000000000000"), "", token, 422, `"code":10000`},
		{"unknown path", "DELETE", signalwiretest.BasePath + "/elsewhere", "", token, 404, page},
		{"unknown path without credentials", "DELETE", signalwiretest.BasePath + "/elsewhere", "", "", 404, page},
		{"unknown method", "PATCH", good, "", token, 404, page},
		{"trailing slash", "DELETE", good + "/", "", token, 404, page},
		{"no base path", "DELETE", strings.TrimPrefix(good, signalwiretest.BasePath), "", token, 404, page},
		{"other base path", "DELETE", "/api/relay/rest" + strings.TrimPrefix(good, signalwiretest.BasePath), "", token, 404, page},
		{"query", "DELETE", good + "?force=1", "", token, 501, `query parameter "force" is not in the contract`},
		{"body", "DELETE", good, "{}", token, 501, "the request has a body"},
		{"removal", "DELETE", good, "", token, 204, ""},
		{"removal again", "DELETE", good, "", token, 404, `"code":20404`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, strings.NewReader(tt.body))
			switch {
			case tt.name == "wrong project":
				r.SetBasicAuth(otherSid, tt.token)
			case tt.token != "":
				r.SetBasicAuth(project, tt.token)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code, w.Body)
			require.Contains(t, w.Body.String(), tt.want)
			require.NotContains(t, w.Body.String(), token)
			contentType := w.Header().Get("Content-Type")
			switch {
			case tt.want == page:
				require.Equal(t, "text/html; charset=utf-8", contentType)
			case tt.status == http.StatusNoContent:
				require.Empty(t, contentType)
				require.Empty(t, handler.Participants(conference))
			case tt.status == http.StatusNotImplemented:
				require.Equal(t, "text/plain; charset=utf-8", contentType, "only the contract's errors are JSON")
			default:
				require.Equal(t, "application/json", contentType)
			}
		})
	}
}

// TestWrongAddressIsNotNotFound is a bot that is led to a wrong address: it must
// not believe that the participant is gone.
func TestWrongAddressIsNotNotFound(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	server := httptest.NewServer(handler)
	defer server.Close()
	conference, calls := handler.AddConference(1)
	for i, base := range []string{"", "/api", "/api/relay/rest", signalwiretest.BasePath + "/Accounts"} {
		client, err := signalwire.New("example", handler.ProjectID(), handler.APIToken(), signalwire.WithBaseURL(server.URL+base))
		require.NoError(t, err)
		_, err = client.DeleteParticipantWithResponse(t.Context(), handler.Account(), conference, calls[0])
		require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse, base)
		require.NotErrorIs(t, err, signalwire.ErrNotFound, base)
		require.Len(t, handler.Violations(), i+1, base)
	}
	require.Equal(t, calls, handler.Participants(conference))
}

// TestHandlerServesClientRequests serves what no server has read: a request
// without a body, as a round tripper gets it.
func TestHandlerServesClientRequests(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	conference, calls := handler.AddConference(1)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete,
		"http://localhost"+pathOf(handler.ProjectID(), conference.String(), calls[0].String()), nil)
	require.NoError(t, err)
	r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Empty(t, handler.Violations())
}

// TestCloseEndsHanging: with a server of one's own, which waits for its requests.
func TestCloseEndsHanging(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		handler.ServeHTTP(w, r)
	}))
	conference, calls := handler.AddConference(1)
	handler.Script(signalwiretest.Hang())
	client, err := signalwire.New("example", handler.ProjectID(), handler.APIToken(), signalwire.WithBaseURL(server.URL+signalwiretest.BasePath),
		signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: 1, AttemptTimeout: time.Hour, MaxElapsed: time.Hour}))
	require.NoError(t, err)
	errs := make(chan error, 1)
	go func() {
		_, err := client.DeleteParticipantWithResponse(t.Context(), handler.Account(), conference, calls[0])
		errs <- err
	}()
	<-arrived

	handler.Close()
	server.Close()
	handler.Close()

	require.True(t, signalwire.MaybeApplied(<-errs), "it is cut")
	require.Equal(t, calls, handler.Participants(conference))
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := signalwiretest.NewServer(t, signalwiretest.InMemory())
		conference, calls := server.AddConference(3)
		server.SetLatency(3 * time.Second)
		server.Script(signalwiretest.NotFound(), signalwiretest.After(time.Second, signalwiretest.Response{}))
		took := func(call signalwire.CallSid) (time.Duration, error) {
			began := time.Now()
			_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call)
			return time.Since(began), err
		}
		length, err := took(calls[0])
		require.ErrorIs(t, err, signalwire.ErrNotFound)
		require.Equal(t, 3*time.Second, length)
		length, err = took(calls[0])
		require.NoError(t, err)
		require.Equal(t, 4*time.Second, length, "both")
		server.SetLatency(0)
		length, err = took(calls[1])
		require.NoError(t, err)
		require.Zero(t, length)
		server.SetLatency(time.Hour)
		_, err = took(calls[2])
		require.True(t, signalwire.MaybeApplied(err), "as the client sees it")
		require.Equal(t, calls[2:], server.Participants(conference), "who gave up before has not removed")
	})
	require.PanicsWithValue(t, "signalwiretest: SetLatency: -1ns is negative", func() { signalwiretest.NewHandler("").SetLatency(-1) })
}

// TestReset: a server that is used for one thing after another begins anew.
func TestReset(t *testing.T) {
	t.Parallel()
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	hook := newReceiver(t, nil)
	var seen [][]string
	for range 2 {
		conference, calls := server.AddConference(2)
		other := server.AddProject("other")
		below := server.AddSubproject("below")
		seen = append(seen, []string{conference.String(), calls[0].String(), other.ProjectID(), below.APIToken()})
		_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
		require.NoError(t, err)
		server.PostCallbacks(signalwiretest.Callbacks{URL: hookURL, SigningKey: hookKey, Receiver: hook})
		server.Leave(conference, calls[1])
		server.WaitForCallbacks()
		require.Len(t, hook.received(), 1)
		server.SetLatency(time.Hour)
		server.UseProfile(signalwiretest.SlowStart, 1)

		server.Reset()

		require.Empty(t, server.Requests())
		require.Nil(t, server.Participants(conference))
		_, err = server.ClientOf(other).ListAllConferencesWithResponse(t.Context(), other.Account(), nil)
		require.ErrorIs(t, err, signalwire.ErrUnauthorized)
		list, err := server.Client().ListAllConferencesWithResponse(t.Context(), server.Account(), nil)
		require.NoError(t, err)
		require.Empty(t, list.JSON200.Conferences)
		server.AddConference(1)
		server.WaitForCallbacks()
		require.Empty(t, hook.received())
		server.Reset()
	}
	require.Equal(t, seen[0], seen[1], "SIDs begin anew")

	require.Empty(t, tb.failed())
	server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPatch, "/elsewhere", nil))
	server.Script(signalwiretest.NotFound())
	server.Reset()
	require.Len(t, tb.failed(), 2, "a violation, and what is left of a script")
	require.Empty(t, server.Violations())
	require.Empty(t, server.Unused())
}
