package signalwiretest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

// use sends a request each 10 ms for some time, and returns what came back, with
// the time until then.
func use(handler http.Handler, request func() *http.Request, length time.Duration) []string {
	var got []string
	for began := time.Now(); time.Since(began) < length; time.Sleep(10 * time.Millisecond) {
		sent := time.Now()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, request())
		got = append(got, fmt.Sprintf("%v: %d after %v", sent.Sub(began), w.Code, time.Since(sent)))
	}
	return got
}

func statuses(got []string) map[int]int {
	found := make(map[int]int)
	for _, each := range got {
		var at, after string
		var status int
		_, _ = fmt.Sscanf(each, "%s %d after %s", &at, &status, &after)
		found[status]++
	}
	return found
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	require.True(t, slices.IsSorted(signalwiretest.Profiles()), "%v", signalwiretest.Profiles())
	for _, tt := range []struct {
		profile     signalwiretest.Profile
		failure     int
		least, most int // failures of 300 or fewer requests in 3 s
		seeded      bool
		header      string
	}{
		{signalwiretest.RestartingBackend, 502, 60, 130, true, ""},
		{signalwiretest.RateLimit, 429, 215, 225, false, "1"},
		{signalwiretest.DeadBackend, 503, 110, 190, true, ""},
		{signalwiretest.SlowStart, 503, 39, 40, false, ""},
	} {
		require.Contains(t, signalwiretest.Profiles(), tt.profile)
		inBubble(t, string(tt.profile), func(t *testing.T) {
			handler := signalwiretest.NewHandler(t.Name())
			request := func() *http.Request {
				conference, calls := handler.AddConference(1)
				r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete,
					pathOf(handler.ProjectID(), conference.String(), calls[0].String()), nil)
				r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
				return r
			}
			run := func(seed uint64) []string {
				handler.UseProfile(tt.profile, seed)
				return use(handler, request, 3*time.Second)
			}
			got := run(1)
			found := statuses(got)
			require.Len(t, found, 2)
			require.GreaterOrEqual(t, found[tt.failure], tt.least)
			require.LessOrEqual(t, found[tt.failure], tt.most)
			require.Equal(t, len(got), found[tt.failure]+found[204])
			require.Equal(t, got, run(1), "a seed")
			if tt.seeded {
				require.NotEqual(t, got, run(2), "another seed")
			}

			// Around another handler, it is the same.
			acted := 0
			wrapped, err := tt.profile.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				acted++
				w.WriteHeader(http.StatusNoContent)
			}), 1)
			require.NoError(t, err)
			require.Equal(t, got, use(wrapped, request, 3*time.Second))
			if tt.profile == signalwiretest.RestartingBackend {
				require.Greater(t, acted, found[204], "some are carried out, and their response is lost")
			} else {
				require.Equal(t, found[204], acted)
			}

			handler.UseProfile("", 0)
			require.Len(t, statuses(use(handler, request, time.Second)), 1)
			require.Empty(t, handler.Violations())
		})
	}
}

// TestSlowStart: responses are late after the time down, and less and less so.
func TestSlowStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler, err := signalwiretest.SlowStart.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		}), 1)
		require.NoError(t, err)
		began := time.Now()
		var waits []time.Duration
		for time.Since(began) < 3*time.Second {
			sent := time.Now()
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/", nil))
			if w.Code == http.StatusNoContent {
				waits = append(waits, time.Since(sent))
			}
			time.Sleep(10 * time.Millisecond)
		}
		require.Equal(t, 400*time.Millisecond, waits[0])
		require.True(t, slices.IsSortedFunc(waits, func(a, b time.Duration) int { return int(b - a) }), "%v", waits)
		require.Zero(t, waits[len(waits)-1])
	})
}

// TestProfileAndScript: a script comes first.
func TestProfileAndScript(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := signalwiretest.NewServer(t, inMemory)
		conference, calls := server.AddConference(1)
		server.UseProfile(signalwiretest.SlowStart, 1)
		server.Script(signalwiretest.Response{})
		began := time.Now()
		_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
	})
}

func TestUnknownProfile(t *testing.T) {
	t.Parallel()
	const text = "there is no profile of this name; use one of dead-backend rate-limit restarting-backend slow-start"
	require.PanicsWithValue(t, "signalwiretest: UseProfile: "+text, func() { signalwiretest.NewHandler("").UseProfile("nice", 1) })
	_, err := signalwiretest.Profile("nice").Wrap(http.NotFoundHandler(), 1)
	require.EqualError(t, err, "signalwiretest: Wrap: "+text)
}
