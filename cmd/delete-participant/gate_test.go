package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// TestNothingIsSentAfterAnInterrupt interrupts runs at many times, with
// attempts under way, calls that wait for their retry, and participants that
// wait for another turn.
func TestNothingIsSentAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	const latency = 150 * time.Millisecond
	for name, statuses := range map[string][]int{
		"good":          {204},
		"unavailable":   {503},
		"cut":           {0},
		"rate limited":  {429},
		"a bit of each": {503, 204, 429, 0, 204, 404, 422},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for after := 50 * time.Millisecond; after < 20*time.Second; after = after*3/2 + 7*time.Millisecond {
				synctest.Test(t, func(t *testing.T) {
					s := newVirtualService(t, 300, nil)
					s.respond = func(call string, number int) (int, time.Duration) {
						time.Sleep(latency)
						return statuses[(int(call[len(call)-1])+number)%len(statuses)], 2 * time.Second
					}
					interrupts := make(chan os.Signal, 1)
					time.AfterFunc(after, func() { interrupts <- os.Interrupt })
					got := s.remove(t, interrupts)
					if got.status != 130 {
						return // It was done before.
					}
					last := after + latency
					if slices.Contains(statuses, http.StatusNotFound) {
						last = after + askTime // What became of it is asked, when the pace allows that.
					}
					require.LessOrEqual(t, s.elapsed(), last, "what waits ends")
					for _, request := range s.requests {
						require.LessOrEqual(t, request.at, after)
					}
				})
			}
		})
	}
}

// What an attempt found out is still said when an interrupt keeps the next one
// from being begun.
func TestInterruptedRetryKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	const latency = time.Second
	const during, after = latency / 2, 2 * latency // the first attempt
	for _, tt := range []struct {
		status    int
		interrupt time.Duration
		want      string
	}{
		{http.StatusServiceUnavailable, during, "unknown"},
		{http.StatusServiceUnavailable, after, "unknown"},
		{http.StatusTooManyRequests, during, "failed"},
		{http.StatusTooManyRequests, after, "failed"},
		{0, during, "unknown"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newVirtualService(t, 1, func(string, int) (int, time.Duration) {
				time.Sleep(latency)
				return tt.status, 3 * time.Second
			})
			interrupts := make(chan os.Signal, 1)
			time.AfterFunc(tt.interrupt, func() { interrupts <- os.Interrupt })
			got := s.remove(t, interrupts, "-json")
			require.Contains(t, got.stdout, `"outcome":"`+tt.want+`"`)
			require.Contains(t, got.stdout, `"attempts":1`)
			require.Contains(t, got.stdout, "interrupted; before that: ")
			require.Len(t, s.requests, 1)
		})
	}
}

// A client may send again without a word in between. Then the gate refuses it,
// and the client takes that for the end, and for a request that was not sent.
func TestClosedGateRefusesAttempts(t *testing.T) {
	t.Parallel()
	s := newVirtualService(t, 1, func(string, int) (int, time.Duration) { return http.StatusNoContent, 0 })
	g := newGate(s)
	attempts := 0
	client, err := signalwire.New("example", imitated.ProjectID(), imitated.APIToken(),
		signalwire.WithHTTPClient(&http.Client{Transport: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
			attempts++
			gatedCallOf(r.Context()).underWay = r.Method
			g.close(errors.New("closed"))
			g.close(errors.New("closed again"))
			return g.RoundTrip(r)
		})}))
	require.NoError(t, err)
	ctx, call, leave := g.enter(t.Context(), "")
	defer leave()
	account, err := signalwire.ParseAccountSid(imitated.ProjectID())
	require.NoError(t, err)
	conference, err := signalwire.ParseConferenceSid(sandboxConference)
	require.NoError(t, err)
	_, err = client.DeleteParticipantWithResponse(ctx, account, conference, s.calls[0])
	var failure *signalwire.TransportError
	require.ErrorAs(t, err, &failure)
	require.False(t, failure.MaybeApplied, "MaybeApplied of %v", err)
	require.EqualError(t, context.Cause(ctx), "closed")
	require.Equal(t, 1, attempts)
	require.Zero(t, call.attempts)
	require.Empty(t, s.requests)
}

// A turn in which nothing was sent leaves what was known.
func TestTurnAfterTheGateClosed(t *testing.T) {
	t.Parallel()
	s := newVirtualService(t, 1, func(string, int) (int, time.Duration) { return http.StatusNoContent, 0 })
	r := s.removal(t, io.Discard, io.Discard)
	r.gate.close(errors.New("closed"))
	require.Equal(t, result{ConferenceSid: r.conference, CallSid: s.calls[0], Outcome: notTried, Reason: "closed"},
		r.removeOne(t.Context(), task{call: s.calls[0]}))
	earlier := result{CallSid: s.calls[0], Outcome: unknown, MaybeApplied: true, Attempts: 4, Reason: "cut"}
	require.Equal(t, earlier, r.removeOne(t.Context(), task{call: s.calls[0], earlier: &earlier}))
	require.Empty(t, s.requests)
}

// After an interrupt, a removal that was under way may still ask for the
// conference, for as long as askTime.
func TestAskingAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	const latency = time.Second
	const during, after = latency / 2, latency + 50*time.Millisecond // the removal
	for _, tt := range []struct {
		name    string
		at      time.Duration // of the interrupt
		removal int
		asking  time.Duration // how long the service takes for the conference
		first   int           // how it responds at first
		want    string
		ends    time.Duration // of the run, at the latest
		most    int           // how many GETs there are at most
	}{
		{"at once", during, http.StatusNotFound, 0, http.StatusOK, "absent", latency, 1},
		{"again", during, http.StatusNotFound, 0, http.StatusServiceUnavailable, "absent", during + askTime, 2},
		{"between two questions", after, http.StatusNotFound, 0, http.StatusServiceUnavailable, "absent", after + askTime, 2},
		{"slowly", during, http.StatusNotFound, 3 * time.Second, http.StatusOK, "absent", latency + 3*time.Second, 1},
		{"too slowly", during, http.StatusNotFound, time.Minute, http.StatusOK, "failed", during + askTime, 1},
		{"nothing to ask", during, http.StatusServiceUnavailable, 0, http.StatusOK, "unknown", latency, 0},
		{"not the API's", during, notTheAPIs, 0, http.StatusOK, "failed", latency, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newVirtualService(t, 20, func(string, int) (int, time.Duration) {
					time.Sleep(latency)
					return tt.removal, 0
				})
				asked := make(chan int, 1)
				asked <- 0
				s.read = func(r *http.Request) int {
					if callOf(r) == "Participants" {
						return http.StatusOK
					}
					n := <-asked
					asked <- n + 1
					select {
					case <-time.After(tt.asking):
					case <-r.Context().Done():
					}
					if n == 0 {
						return tt.first
					}
					return http.StatusOK
				}
				interrupts := make(chan os.Signal, 1)
				time.AfterFunc(tt.at, func() { interrupts <- os.Interrupt })
				got := s.run(t, interrupts, "-parallel", "1")
				require.Equal(t, 130, got.status)
				require.Equal(t, tt.want, outcomes(t, got.stdout)[s.calls[0].String()], got.stdout)
				require.Len(t, s.requests, 1)
				require.LessOrEqual(t, s.elapsed(), tt.ends)
				require.LessOrEqual(t, <-asked, tt.most)
			})
		})
	}
}
