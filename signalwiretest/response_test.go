package signalwiretest_test

import (
	"errors"
	"math"
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
		after    time.Duration
	}{
		{"BadRequest", signalwiretest.BadRequest(), signalwire.ErrBadRequest, 400, false, 0},
		{"Unauthorized", signalwiretest.Unauthorized(), signalwire.ErrUnauthorized, 401, false, 0},
		{"NotFound", signalwiretest.NotFound(), signalwire.ErrNotFound, 404, false, 0},
		{"Unprocessable", signalwiretest.Unprocessable(), signalwire.ErrUnprocessable, 422, false, 0},
		{"RateLimited", signalwiretest.RateLimited(1500 * time.Millisecond), signalwire.ErrTooManyRequests, 429, false, 0},
		{"Unavailable", signalwiretest.Unavailable(), signalwire.ErrUnexpectedResponse, 503, false, 0},
		{"HTML", signalwiretest.HTML(404), signalwire.ErrUnexpectedResponse, 404, false, 0},
		{"Redirect", signalwiretest.Redirect("/elsewhere"), signalwire.ErrUnexpectedResponse, 302, false, 0},
		{"Hang", signalwiretest.Hang(), nil, 0, false, 10 * time.Second},
		{"Disconnect", signalwiretest.Disconnect(), nil, 0, false, 0},
		{"ActThenDisconnect", signalwiretest.ActThenDisconnect(), nil, 0, true, 0},
		{"APIError that is documented", signalwiretest.APIError(422, 21211, "no"), signalwire.ErrUnprocessable, 422, false, 0},
		{"APIError that is not documented", signalwiretest.APIError(403, 20003, "no"), signalwire.ErrForbidden, 403, false, 0},
		{"APIError of the server", signalwiretest.APIError(500, 20500, "no"), nil, 500, false, 0},
		{"After", signalwiretest.After(3*time.Second, signalwiretest.NotFound()), signalwire.ErrNotFound, 404, false, 3 * time.Second},
		{"After, too late", signalwiretest.After(11*time.Second, signalwiretest.Response{}), nil, 0, false, 10 * time.Second},
		{"ActThen", signalwiretest.ActThen(signalwiretest.HTML(502)), signalwire.ErrUnexpectedResponse, 502, true, 0},
		{"ActThen, late", signalwiretest.ActThen(signalwiretest.After(2*time.Second, signalwiretest.Disconnect())), nil, 0, true, 2 * time.Second},
		{"ActThen what this leads to", signalwiretest.ActThen(signalwiretest.ActThen(signalwiretest.After(time.Second, signalwiretest.Response{}))), nil, 204, true, time.Second},
		{"ActThen, never", signalwiretest.ActThen(signalwiretest.Hang()), nil, 0, true, 10 * time.Second},
		{"Handle", signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		})), signalwire.ErrUnexpectedResponse, 418, false, 0},
		{"Handle with an interim response", signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
		})), signalwire.ErrUnexpectedResponse, 418, false, 0},
		{"Handle that hijacks", signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				connection.Close()
			}
		})), nil, 0, false, 0},
		{"Handle that writes nothing", signalwiretest.Handle(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})), signalwire.ErrUnexpectedResponse, 200, false, 0},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			server := signalwiretest.NewServer(t, signalwiretest.InMemory())
			conference, calls := server.AddConference(2)
			client := server.Client(signalwire.WithHTTPClient(&signalwire.Doer{
				HTTPClient: &http.Client{Transport: server.Transport()}, MaxAttempts: 1,
			}))
			server.Script(tt.response)
			began := time.Now()

			_, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

			require.Equal(t, tt.after, time.Since(began))
			switch tt.status {
			case http.StatusNoContent:
				require.NoError(t, err)
			case 0:
				var transportError *signalwire.TransportError
				require.ErrorAs(t, err, &transportError)
				require.True(t, transportError.MaybeApplied, "MaybeApplied of %v", err)
			default:
				var apiError *signalwire.Error
				require.ErrorAs(t, err, &apiError)
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				}
				require.Equal(t, tt.is == signalwire.ErrUnexpectedResponse, errors.Is(err, signalwire.ErrUnexpectedResponse), "%v", err)
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
			require.Len(t, server.Requests(), 1, "it is recorded once")
			require.Equal(t, tt.status, server.Requests()[0].StatusCode)
			require.Equal(t, began, server.Requests()[0].Time)
			require.Empty(t, server.Unused(), "it is used")

			// Then it behaves normally again.
			_, err = client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[1])
			require.NoError(t, err)
		})
	}
}

// TestRateLimitedInSeconds: Retry-After is rounded up, so that nobody comes back
// too early.
func TestRateLimitedInSeconds(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		math.MaxInt64: "9223372037", 0: "", 1: "1", time.Second - 1: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Second: "90",
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
