package signalwiretest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

func TestResponses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		response signalwiretest.Response
		is       error
		status   int
		acted    bool
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
		{"Handle with an interim response", signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
		})), signalwire.ErrUnexpectedResponse, 418, false},
		{"Handle that hijacks", signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				connection.Close()
			}
		})), nil, 0, false},
		{"Handle that writes nothing", signalwiretest.Handle(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})), signalwire.ErrUnexpectedResponse, 200, false},
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
			server.Script(tt.response)

			_, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

			if tt.status == 0 {
				var transportError *signalwire.TransportError
				require.ErrorAs(t, err, &transportError)
				require.True(t, transportError.MaybeApplied, "MaybeApplied of %v", err)
			} else {
				var apiError *signalwire.Error
				require.ErrorAs(t, err, &apiError)
				require.ErrorIs(t, err, tt.is)
				require.Equal(t, tt.status, apiError.StatusCode)
				if tt.status == http.StatusTooManyRequests {
					require.Equal(t, 2*time.Second, apiError.RetryAfter)
				}
			}
			left := calls
			if tt.acted {
				left = calls[1:]
			}
			require.Equal(t, left, server.Participants(conference))
			require.Equal(t, tt.status, server.Requests()[0].StatusCode)

			// Then it behaves normally again.
			_, err = server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[1])
			require.NoError(t, err)
		})
	}
}

// TestRateLimitedInSeconds: Retry-After is rounded up, so that nobody comes back
// too early.
func TestRateLimitedInSeconds(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		0: "", 1: "1", time.Second - 1: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Second: "90",
	} {
		handler := signalwiretest.NewHandler(t.Name())
		conference, calls := handler.AddConference(1)
		handler.Script(signalwiretest.RateLimited(wait))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete,
			pathOf(handler.ProjectID(), conference.String(), calls[0].String()), nil)
		r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusTooManyRequests, w.Code, wait)
		require.Equal(t, want, w.Header().Get("Retry-After"), wait)
	}
}
