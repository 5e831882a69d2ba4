package main

import (
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
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
			for after := 50 * time.Millisecond; after < 20*time.Second; after = after*5/4 + 7*time.Millisecond {
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
					require.LessOrEqual(t, s.elapsed(), after+latency, "what waits ends")
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
				return tt.status, 10 * time.Second
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
