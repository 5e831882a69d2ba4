package signalwire_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// A responder is told how long ago the service began.
type responder func(since time.Duration, r *http.Request) (*http.Response, error)

// A service responds after a millisecond, in virtual time.
type service struct {
	respond responder

	mu       sync.Mutex
	began    time.Time
	requests []time.Duration // when they came
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	since := time.Since(s.began)
	s.requests = append(s.requests, since)
	response, err := s.respond(since, r)
	s.mu.Unlock()
	time.Sleep(time.Millisecond)
	return response, err
}

// count returns how many requests came until now.
func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// use makes calls by some callers at once, and returns how many removed, and
// how long the longest took.
func (s *service) use(t *testing.T, doer *signalwire.Doer, callers, calls int) (removed int, longest time.Duration) {
	t.Helper()
	s.began = time.Now()
	doer.HTTPClient = s
	client := newMemoryClient(t, doer)
	var mu sync.Mutex
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for n := caller; n < calls; n += callers {
				began := time.Now()
				_, err := remove(t, client)
				mu.Lock()
				longest = max(longest, time.Since(began))
				if err == nil {
					removed++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return removed, longest
}

func downUntil(end time.Duration, status int, header ...string) responder {
	return func(since time.Duration, r *http.Request) (*http.Response, error) {
		if since < end {
			return wiretest.Says(status, header...)(r)
		}
		return wiretest.Says(204)(r)
	}
}

// limited lets some requests through in each second, and tells the others to
// come back.
func limited(perSecond int, retryAfter string) responder {
	tokens, filled := float64(perSecond), time.Duration(0)
	return func(since time.Duration, r *http.Request) (*http.Response, error) {
		tokens = min(tokens+(since-filled).Seconds()*float64(perSecond), float64(perSecond))
		filled = since
		if tokens < 1 {
			return wiretest.Says(429, "Retry-After", retryAfter)(r)
		}
		tokens--
		return wiretest.Says(204)(r)
	}
}

// TestWorkGetsDone: in trouble that passes, calls end in a removal.
func TestWorkGetsDone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		respond        func() responder
		callers, calls int
		least          int     // removals
		most           float64 // requests per call
	}{
		{"down 60 ms of every 210", func() responder {
			return func(since time.Duration, r *http.Request) (*http.Response, error) {
				return downUntil(60*time.Millisecond, 502)(since%(210*time.Millisecond), r)
			}
		}, 32, 1000, 999, 2},
		{"one of two backends dead", func() responder {
			random := rand.New(rand.NewPCG(1, 2))
			return func(_ time.Duration, r *http.Request) (*http.Response, error) {
				return wiretest.Says([]int{503, 204}[random.IntN(2)])(r)
			}
		}, 32, 1000, 970, 2.2},
		{"down at first", func() responder {
			return downUntil(400*time.Millisecond, 503)
		}, 8, 400, 400, 1.2},
		{"20 requests a second", func() responder {
			return limited(20, "1")
		}, 8, 160, 160, 2},
		{"20 requests a second, 200 at once", func() responder {
			return limited(20, "1")
		}, 200, 200, 200, 3},
		{"64 callers in an outage of 5 s", func() responder {
			return downUntil(5*time.Second, 503)
		}, 64, 640, 640, 1.5},
		{"500 at once in an outage of 1 s", func() responder {
			return downUntil(time.Second, 503)
		}, 500, 500, 500, 2.5},
		{"alone in an outage of 3 s", func() responder {
			return downUntil(3*time.Second, 503)
		}, 1, 20, 20, 1.3},
		{"back after 10 s, as it says", func() responder {
			return downUntil(10*time.Second, 503, "Retry-After", "10")
		}, 64, 640, 640, 1.5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &service{respond: tt.respond()}
				removed, longest := s.use(t, &signalwire.Doer{}, tt.callers, tt.calls)
				perCall := float64(s.count()) / float64(tt.calls)
				t.Logf("%d of %d removed, %.2f requests per call, the longest call took %v, all of them %v",
					removed, tt.calls, perCall, longest, time.Since(s.began))

				require.GreaterOrEqual(t, removed, tt.least)
				require.LessOrEqual(t, perCall, tt.most)
			})
		})
	}
}

// TestDeadService: what retries add to the load of a service that does nothing
// well is bounded, and so is the time until a caller hears of it.
func TestDeadService(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]wiretest.Sender{"503": wiretest.Says(503), "429": wiretest.Says(429), "refused": wiretest.Fails(syscall.ECONNREFUSED)} {
		for _, callers := range []int{1, 8, 64, 500} {
			t.Run(name+", "+strconv.Itoa(callers)+" callers", func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := &service{respond: func(_ time.Duration, r *http.Request) (*http.Response, error) { return step(r) }}
					calls := max(200, 4*callers)
					removed, longest := s.use(t, &signalwire.Doer{}, callers, calls)
					took := time.Since(s.began).Seconds()
					retries := float64(s.count() - calls)
					t.Logf("%.2f requests per call, %.1f retries a second, the longest call took %v", float64(s.count())/float64(calls), retries/took, longest)

					require.Zero(t, removed)
					require.Positive(t, retries)
					require.LessOrEqual(t, longest, 15*time.Second)
					require.True(t, retries <= 0.3*float64(calls) || retries <= 15*took, "%.0f retries in %.1f s", retries, took)
				})
			})
		}
	}
}

// TestPaceRecovers: after a bad time, good responses bring the retries back.
func TestPaceRecovers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &service{respond: downUntil(time.Hour, 503)}
		doer := &signalwire.Doer{}
		s.use(t, doer, 64, 64)
		s.respond = downUntil(0, 0)
		s.use(t, doer, 1, 5)
		s.requests = nil
		s.respond = downUntil(time.Hour, 503)
		s.use(t, doer, 1, 1)
		require.Equal(t, defaultAttempts, s.count())
	})
}

// held returns a service that told two calls to come back a second ago, and a
// client of it. The calls are in the group.
func held(t *testing.T, group *sync.WaitGroup, respond responder) (*service, *signalwire.ClientWithResponses) {
	t.Helper()
	s := &service{respond: respond, began: time.Now()}
	client := newMemoryClient(t, &signalwire.Doer{HTTPClient: s})
	for range 2 {
		group.Go(func() { _, _ = remove(t, client) })
	}
	time.Sleep(time.Second)
	require.Equal(t, 2, s.count())
	return s, client
}

// TestHoldsBack: when the service tells two calls to come back, nobody sends
// before, and then one goes first.
func TestHoldsBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var group sync.WaitGroup
		s, client := held(t, &group, downUntil(2*time.Second, 429, "Retry-After", "2"))
		for range 20 {
			group.Go(func() {
				_, err := remove(t, client)
				require.NoError(t, err)
			})
		}
		group.Wait()

		require.Equal(t, 24, s.count())
		opened := s.requests[2]
		require.GreaterOrEqual(t, opened, 2*time.Second, "nobody before the time")
		require.LessOrEqual(t, opened, 2201*time.Millisecond, "but then, with the random part of the delay")
		require.GreaterOrEqual(t, s.requests[3]-opened, time.Millisecond, "one goes first, and the others after its response")
		require.Less(t, s.requests[23]-opened, 100*time.Millisecond, "but soon")
	})
}

// TestToldAlone: one call that is told to come back stops nobody else.
func TestToldAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		s := &service{respond: func(_ time.Duration, r *http.Request) (*http.Response, error) {
			if n++; n%100 == 50 {
				return wiretest.Says(429, "Retry-After", "5")(r)
			}
			return wiretest.Says(204)(r)
		}}
		const callers, calls = 100, 800
		removed, _ := s.use(t, &signalwire.Doer{}, callers, calls)
		require.Equal(t, calls, removed)
		slices.Sort(s.requests)
		require.Less(t, s.requests[700], time.Second, "nobody else waits")
	})
}

// TestHoldAndDeadlines: whose time ends before the hold sends once, at once.
func TestHoldAndDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var group sync.WaitGroup
		s, client := held(t, &group, downUntil(time.Hour, 503, "Retry-After", "15"))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()

		_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

		require.Equal(t, 1, requireAPIError(t, err).Attempts)
		require.Equal(t, time.Millisecond, time.Since(began))
		require.Equal(t, 2+1, s.count())
		group.Wait()
	})
}

// TestLongWaitsHoldNobody: a wait that a Doer does not do ends only the call
// that was told.
func TestLongWaitsHoldNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		s := &service{respond: func(_ time.Duration, r *http.Request) (*http.Response, error) {
			if n++; n <= 10 {
				return wiretest.Says(429, "Retry-After", "21")(r)
			}
			return wiretest.Says(204)(r)
		}}
		removed, longest := s.use(t, &signalwire.Doer{}, 1, 20)
		require.Equal(t, 10, removed)
		require.Equal(t, time.Millisecond, longest)
	})
}

// TestLongLine: whose turn does not come by half of their time sends once, rather
// than never.
func TestLongLine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var group sync.WaitGroup
		s, client := held(t, &group, func(since time.Duration, r *http.Request) (*http.Response, error) {
			if since < 2*time.Second {
				return wiretest.Says(503, "Retry-After", "2")(r)
			}
			return wiretest.Says(503)(r)
		})
		const calls = 500
		for range calls {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)
				require.Positive(t, requireAPIError(t, err).Attempts)
			})
		}
		group.Wait()
		require.GreaterOrEqual(t, s.count(), calls+2)
	})
}

// TestCancelledInLine: who gives up while waiting leaves at once, and takes
// nobody's turn.
func TestCancelledInLine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var group sync.WaitGroup
		s, client := held(t, &group, downUntil(2*time.Second, 429, "Retry-After", "2"))
		ctx, cancel := context.WithCancel(t.Context())
		for range 5 {
			group.Go(func() {
				_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)
				require.ErrorIs(t, err, context.Canceled)
				failed := requireTransportError(t, err)
				require.Zero(t, failed.Attempts)
				require.False(t, failed.MaybeApplied, "MaybeApplied of %v", err)
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.Equal(t, 2, s.count())
		_, err := remove(t, client)
		require.NoError(t, err)
		group.Wait()
		require.Equal(t, 5, s.count())
	})
}

// TestFailuresEarnNothing: a failure that is not retried does not show that the
// service is well.
func TestFailuresEarnNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		overlong := wiretest.Says(503)
		s := &service{began: time.Now()}
		s.respond = func(_ time.Duration, r *http.Request) (*http.Response, error) {
			response, err := overlong(r)
			if r.Header.Get("X-Overlong") != "" {
				response.ContentLength = 2 << 20
			}
			return response, err
		}
		client := newMemoryClient(t, &signalwire.Doer{HTTPClient: s})
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() { _, _ = remove(t, client) })
		}
		for range 500 {
			_, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall, wantHeader("X-Overlong", "1"))
			require.Equal(t, 1, requireAPIError(t, err).Attempts)
		}
		group.Wait()
		took := time.Since(s.began).Seconds()
		require.LessOrEqual(t, float64(s.count()), 600+10+10*took, "the calls, and the retries of that time")
	})
}

// TestGivenUpCallsEarnNothing: a caller who gives up does not show that the
// service is well.
func TestGivenUpCallsEarnNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &service{respond: downUntil(time.Hour, 503)}
		s.began = time.Now()
		client := newMemoryClient(t, &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("X-Hang") != "" {
				return wiretest.Hangs(r)
			}
			return s.Do(r)
		})})
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() { _, _ = remove(t, client) })
		}
		for range 300 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall, wantHeader("X-Hang", "1"))
				require.Error(t, err)
			})
		}
		time.Sleep(5 * time.Second)
		require.LessOrEqual(t, s.count(), 100+10+5*10, "the calls and the retries of five seconds")
		group.Wait()
	})
}
