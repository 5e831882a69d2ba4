package main

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// limited allows a number of requests in each second.
func limited(perSecond int) func(string, int) (int, time.Duration) {
	began, allowed := time.Now(), perSecond
	lock := make(chan struct{}, 1)
	return func(string, int) (int, time.Duration) {
		lock <- struct{}{}
		defer func() { <-lock }()
		if now := time.Now(); now.Sub(began) >= time.Second {
			began, allowed = now, perSecond
		}
		if allowed == 0 {
			return http.StatusTooManyRequests, time.Second
		}
		allowed--
		return http.StatusNoContent, 0
	}
}

func TestRateLimitDoesNotBurnTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 200, limited(20))
		got := s.remove(t, nil)
		require.Equal(t, 0, got.status)
		require.Equal(t, 200, count(outcomes(t, got.stdout), "removed"))
		require.Less(t, s.elapsed(), time.Minute, "10 s are needed")
	})
}

// down responds with a status, or cuts connections, for a while.
func down(status int, from, until time.Duration) func(string, int) (int, time.Duration) {
	began := time.Now()
	return func(string, int) (int, time.Duration) {
		time.Sleep(20 * time.Millisecond)
		if at := time.Since(began); at >= from && at < until {
			return status, 0
		}
		return http.StatusNoContent, 0
	}
}

func TestOutageDoesNotBurnTheRun(t *testing.T) {
	t.Parallel()
	const from, until = time.Second, 4 * time.Minute
	for name, status := range map[string]int{"503": http.StatusServiceUnavailable, "no response": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newVirtualService(t, 2000, down(status, from, until))
				got := s.remove(t, nil)
				require.Equal(t, 0, got.status)
				require.Equal(t, 2000, count(outcomes(t, got.stdout), "removed"))
				require.Less(t, s.elapsed(), until+30*time.Second, "it goes on when the service does")
				during := 0
				for _, request := range s.requests {
					if request.at >= from && request.at < until {
						during++
					}
				}
				require.Less(t, during, 400, "it slows down")
				require.LessOrEqual(t, linesOf(got.stderr, "removals fail"), 4, "a note a minute at most")
				require.Contains(t, got.stderr, "; going on slowly, for up to 5m0s\n")
			})
		})
	}
}

func TestPatienceBoundsAnOutage(t *testing.T) {
	t.Parallel()
	for _, patience := range []time.Duration{time.Minute, defaultPatience} {
		synctest.Test(t, func(t *testing.T) {
			s := newVirtualService(t, 1000, down(http.StatusServiceUnavailable, 2*time.Second, 24*time.Hour))
			got := s.remove(t, nil, "-patience", patience.String())
			require.Equal(t, 1, got.status)
			found := outcomes(t, got.stdout)
			require.Positive(t, count(found, "removed"))
			require.Positive(t, count(found, "unknown"), "a 503 does not say that it was not carried out")
			require.Greater(t, count(found, "not tried"), 100)
			require.Contains(t, got.stderr, "the service keeps failing, and the -patience of "+patience.String()+" allows no later attempt\n")
			require.Contains(t, got.stderr, " left: to go on,")
			require.Greater(t, s.elapsed(), patience-2*maxPause)
			require.Less(t, s.elapsed(), patience+time.Minute)
		})
	}
}

func TestPatienceBoundsALongWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 100, func(string, int) (int, time.Duration) { return http.StatusTooManyRequests, time.Hour })
		got := s.remove(t, nil)
		require.Equal(t, 1, got.status)
		failed := count(outcomes(t, got.stdout), "failed")
		require.Positive(t, failed)
		require.LessOrEqual(t, failed, 2*defaultParallel)
		require.Equal(t, 100-failed, count(outcomes(t, got.stdout), "not tried"))
		require.Less(t, s.elapsed(), time.Minute, "nobody waits for what is too late")
	})
}

func TestWaitOfOneParticipantDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	for _, parallel := range []string{"1", "8"} {
		synctest.Test(t, func(t *testing.T) {
			s := newVirtualService(t, 100, nil)
			told := s.calls[10].String()
			s.respond = func(call string, number int) (int, time.Duration) {
				if call == told && number == 1 {
					return http.StatusTooManyRequests, time.Minute
				}
				return http.StatusNoContent, 0
			}
			got := s.remove(t, nil, "-parallel", parallel)
			require.Equal(t, 0, got.status)
			for _, request := range s.requests[:len(s.requests)-1] {
				require.Less(t, request.at, 10*time.Second)
			}
			last := s.requests[len(s.requests)-1]
			require.Equal(t, told, last.call)
			require.GreaterOrEqual(t, last.at, time.Minute, "the wait is heeded")
		})
	}
}

// Whoever is under way is not cut short because the others have to wait too
// long.
func TestLongWaitLetsOthersEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 2, nil)
		s.respond = func(call string, number int) (int, time.Duration) {
			switch {
			case call == s.calls[0].String():
				return http.StatusTooManyRequests, time.Hour
			case number == 1:
				time.Sleep(5 * time.Second)
				return http.StatusServiceUnavailable, 0
			}
			return http.StatusNoContent, 0
		}
		got := s.remove(t, nil)
		require.Equal(t, map[string]string{s.calls[0].String(): "failed", s.calls[1].String(): "removed"}, outcomes(t, got.stdout))
	})
}

func TestQueuePauses(t *testing.T) {
	t.Parallel()
	began := time.Now()
	at := func(after time.Duration) time.Time { return began.Add(after) }
	q := queue{patience: time.Minute, good: began, untried: make([]signalwire.CallSid, 4)}
	fail := func(after, retryAfter time.Duration) {
		q.take()
		q.repeat(result{retryAfter: retryAfter}, at(after))
	}
	require.Zero(t, q.next().notBefore)

	fail(time.Second, 0)
	require.False(t, q.slow(), "one failure slows the run down")
	require.Zero(t, q.next().notBefore, "one failure is the participant's")
	fail(2*time.Second, 10*time.Second)
	require.True(t, q.slow(), "two failures do not slow the run down")
	require.Equal(t, at(12*time.Second), q.next().notBefore, "the service said so")
	fail(3*time.Second, 0)
	require.Equal(t, at(12*time.Second), q.next().notBefore, "a shorter pause changes nothing")

	q.decided(at(4 * time.Second))
	require.False(t, q.slow(), "a decision ends the pause")
	require.Zero(t, q.next().notBefore, "the next one does not wait")
	q.take()
	var waits []time.Time
	for ; q.len() > 0; q.take() {
		waits = append(waits, q.next().notBefore)
	}
	require.Equal(t, []time.Time{at(2 * time.Second), at(12 * time.Second), at(4 * time.Second)}, waits, "each participant's own")
	for after, pause := range map[time.Duration]time.Duration{12 * time.Second: 3, time.Hour: 15} {
		q = queue{good: began, untried: make([]signalwire.CallSid, 1)}
		fail(after, 0)
		require.Equal(t, at(after+pause*time.Second), q.next().notBefore)
	}

	q = queue{patience: time.Minute, good: began}
	require.False(t, q.hopeless(task{notBefore: at(time.Minute)}), "there is patience for a minute")
	require.True(t, q.hopeless(task{notBefore: at(time.Minute + 1)}), "there is none for more than a minute")
}

func TestNoPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s *virtualService
		s = newVirtualService(t, 100, func(call string, _ int) (int, time.Duration) {
			if call == s.calls[3].String() {
				return http.StatusServiceUnavailable, 0
			}
			return http.StatusNoContent, 0
		})
		got := s.remove(t, nil, "-patience", "0")
		require.Equal(t, 1, got.status)
		require.Equal(t, 99, count(outcomes(t, got.stdout), "removed"))
		require.Less(t, s.elapsed(), 30*time.Second)
	})
}

// TestNoPatienceTriesEverybody: without patience, nobody has a second turn, and
// everybody has one.
func TestNoPatienceTriesEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 4, func(string, int) (int, time.Duration) { return http.StatusServiceUnavailable, 0 })
		got := s.remove(t, nil, "-patience", "0", "-parallel", "1")
		require.Equal(t, 1, got.status)
		require.Equal(t, 4, count(outcomes(t, got.stdout), "unknown"), got.stdout)
	})
}

// TestTurnsThatEndInTimeouts: who got no response in a turn has another one.
func TestTurnsThatEndInTimeouts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 2, nil)
		s.respond = func(string, int) (int, time.Duration) {
			if s.elapsed() < time.Minute {
				time.Sleep(maxTurn + time.Second)
			}
			return http.StatusNoContent, 0
		}
		got := s.remove(t, nil, "-parallel", "1")
		require.Equal(t, 0, got.status)
		require.Equal(t, 2, count(outcomes(t, got.stdout), "removed"), got.stdout)
	})
}

// What one turn leaves open, another does not settle by failing otherwise.
func TestEarlierTurnsAreNotForgotten(t *testing.T) {
	t.Parallel()
	for last, want := range map[int]string{
		http.StatusUnprocessableEntity: "  unknown: 422 Unprocessable Entity",
		http.StatusNotFound:            "  removed\n",
		http.StatusNoContent:           "  removed\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newVirtualService(t, 1, nil)
			s.respond = func(string, int) (int, time.Duration) {
				if s.elapsed() < time.Minute {
					return http.StatusBadGateway, 0
				}
				return last, 0
			}
			s.left = map[string]bool{s.calls[0].String(): last == http.StatusNotFound}
			got := s.remove(t, nil)
			require.Contains(t, got.stdout, want)
		})
	}
}
