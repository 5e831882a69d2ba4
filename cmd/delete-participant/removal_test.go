package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRemovesAndReports(t *testing.T) {
	t.Parallel()
	s := newService(t, 3, nil)
	got := runProgram(t, credentials(), "", s.args(nil, s.calls[0], otherCall, s.calls[2])...)
	require.Equal(t, 1, got.status)
	require.Equal(t, map[string]string{s.calls[0]: "removed", otherCall: "absent", s.calls[2]: "removed"}, outcomes(t, got.stdout))
	require.Equal(t, "3 participants: 2 removed, 1 absent\n", got.stderr)
	require.Len(t, s.Participants(s.conference), 1)

	again := runProgram(t, credentials(), "", s.args([]string{"-ignore-missing"}, s.calls[0], s.calls[1])...)
	require.Equal(t, 0, again.status)
	require.Equal(t, map[string]string{s.calls[0]: "absent", s.calls[1]: "removed"}, outcomes(t, again.stdout))
}

func TestThousandParticipants(t *testing.T) {
	t.Parallel()
	var failing sync.Map
	s := newService(t, 1000, func(s *service) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, fails := failing.Load(callOf(r)); fails {
				writeError(w, http.StatusUnprocessableEntity)
				return
			}
			s.Handler.ServeHTTP(w, r)
		}
	})
	for i := 0; i < len(s.calls); i += 10 {
		failing.Store(s.calls[i], true)
	}
	got := runProgram(t, credentials(), strings.Join(s.calls, "\n"), s.args(nil, "-")...)
	require.Equal(t, 1, got.status)
	found := outcomes(t, got.stdout)
	left := s.Participants(s.conference)
	require.Len(t, found, 1000)
	require.Len(t, left, 100)
	require.Equal(t, 900, count(found, "removed"))
	for _, call := range left {
		require.Equal(t, "failed", found[call.String()])
	}
	require.EqualValues(t, 1000, s.requests.Load())
	require.LessOrEqual(t, s.most.Load(), int64(8))
	require.True(t, strings.HasPrefix(got.stderr, "1000 participants: 900 removed, 100 failed\n"), got.stderr)
	require.NotContains(t, got.stderr, "\r", "no progress without a terminal")
}

func TestParallelIsBounded(t *testing.T) {
	t.Parallel()
	h := newHold()
	s := newService(t, 50, h.before)
	p := start(t, s.args([]string{"-parallel", "3"}, s.calls...)...)
	for range 3 { // They are under way at the same time.
		h.next(t, p)
	}
	for range 47 {
		h.letGo(t, p)
		h.next(t, p)
	}
	close(h.release)
	p.end(t)
	require.EqualValues(t, 3, s.most.Load())
	require.Empty(t, s.Participants(s.conference))
}

func TestUnknownAndAmbiguous(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 4, nil)
		var calls []string
		for _, call := range s.calls {
			calls = append(calls, call.String())
		}
		s.respond = func(call string, number int) (int, time.Duration) {
			switch {
			case call == calls[0]: // No response, ever.
				return 0, 0
			case call == calls[1] && number == 1: // It may have been carried out.
				return http.StatusServiceUnavailable, 0
			case call == calls[1]:
				return http.StatusNotFound, 0
			case call == calls[2]:
				return notTheAPIs, 0
			}
			return http.StatusNoContent, 0
		}
		s.left = map[string]bool{calls[1]: true}
		got := s.remove(t, nil, "-v", "-patience", "0")
		require.Equal(t, 1, got.status)
		require.Equal(t, map[string]string{
			calls[0]: "unknown", calls[1]: "removed", calls[2]: "failed", calls[3]: "removed",
		}, outcomes(t, got.stdout))
		require.Regexp(t, calls[0]+`  unknown: no complete response( after \d+ attempts)? \(the request may have been carried out\): `, got.stdout)
		require.Contains(t, got.stderr, "4 participants: 2 removed, 1 failed, 1 unknown\n")
		require.Contains(t, got.stderr, "not every response was the API's: check SIGNALWIRE_SPACE, -base-url")
		require.Contains(t, got.stderr, "2 left: to go on,")

		require.Regexp(t, `(?m)^list of participants  attempt 1, .*: GET 200 OK$`, got.stderr)
		require.Regexp(t, `(?m)^`+calls[0]+`  attempt 3, .*: DELETE no complete`, got.stderr)
		require.Regexp(t, `(?m)^`+calls[1]+`  attempt 1, .*: DELETE 503 Service Unavailable .*; again in \d+(\.\d+)?(ms|µs|s)$`, got.stderr)
		require.Regexp(t, `(?m)^`+calls[1]+`  attempt 1, .*: GET 200 OK$`, got.stderr)
		require.Regexp(t, `(?m)^`+calls[3]+`  attempt 1, .*: DELETE 204 No Content$`, got.stderr)
	})
}

func TestRefusedCredentialsStopTheRest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		before      func(*service) http.HandlerFunc
		advice, not string
	}{
		{"401", always(http.StatusUnauthorized), "check SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN and -account\n", "SIGNALWIRE_SPACE"},
		{"403", always(http.StatusForbidden), "check SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN and -account\n", "SIGNALWIRE_SPACE"},
		{"403 of a proxy", func(*service) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }
		}, "check SIGNALWIRE_SPACE, -base-url and what is in between\n", "SIGNALWIRE_PROJECT_ID"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, 1000, tt.before)
			got := runProgram(t, credentials(), strings.Join(s.calls, "\n"), s.args([]string{"-parallel", "4"}, "-")...)
			require.Equal(t, 1, got.status)
			found := outcomes(t, got.stdout)
			require.Len(t, found, 1000)
			require.LessOrEqual(t, s.requests.Load(), int64(4))
			require.EqualValues(t, s.requests.Load(), count(found, "failed"))
			require.EqualValues(t, 1000-s.requests.Load(), count(found, "not tried"))
			require.Equal(t, 1, strings.Count(got.stderr, "check "), got.stderr)
			require.Contains(t, got.stderr, tt.advice)
			require.NotContains(t, got.stderr, tt.not)
		})
	}
}

func TestUnknownHostStopsTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 100, func(string, int) (int, time.Duration) {
			time.Sleep(time.Second)
			return noHost, 0
		})
		got := s.remove(t, nil)
		require.Equal(t, 1, got.status)
		require.Len(t, s.requests, defaultParallel)
		require.Equal(t, 100-defaultParallel, count(outcomes(t, got.stdout), "not tried"))
		require.Contains(t, got.stderr, "the host is unknown, so no other request is begun: check SIGNALWIRE_SPACE, -base-url and HTTPS_PROXY\n")
		require.Equal(t, 1, strings.Count(got.stderr, "check "))
	})
}

// What a load balancer writes while the service is down says nothing about the
// space.
func TestNoAdviceAboutTheSpaceDuringAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 1, func(string, int) (int, time.Duration) { return http.StatusServiceUnavailable, 0 })
		got := s.remove(t, nil, "-patience", "0")
		require.Equal(t, 1, got.status)
		require.NotContains(t, got.stderr, "check ")
	})
}

func TestJSON(t *testing.T) {
	t.Parallel()
	s := newService(t, 4, func(s *service) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch callOf(r) {
			case s.calls[1]:
				writeError(w, http.StatusUnprocessableEntity)
			case s.calls[2]:
				writeError(w, http.StatusUnauthorized)
			default:
				s.Handler.ServeHTTP(w, r)
			}
		}
	})
	got := runProgram(t, credentials(), "", s.args([]string{"-json", "-ignore-missing", "-parallel", "1"}, s.calls[0], s.calls[1], otherCall, s.calls[2], s.calls[3])...)
	require.Equal(t, 1, got.status)
	var results []map[string]any
	for line := range strings.Lines(got.stdout) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		results = append(results, fields)
	}
	require.Len(t, results, 5)
	delete(results[3], "reason") // Its words are the client's.
	conference := s.conference.String()
	require.Equal(t, []map[string]any{
		{"conference_sid": conference, "call_sid": s.calls[0], "outcome": "removed", "done": true, "attempts": 1.0},
		{
			"conference_sid": conference, "call_sid": s.calls[1], "outcome": "failed", "done": false, "status": 422.0,
			"code": 10422.0, "attempts": 1.0, "reason": "422 Unprocessable Entity: code 10422: made up",
		},
		{
			"conference_sid": conference, "call_sid": otherCall, "outcome": "absent", "done": true, "attempts": 2.0,
		},
		{
			"conference_sid": conference, "call_sid": s.calls[2], "outcome": "failed", "done": false, "status": 401.0,
			"code": 10401.0, "attempts": 1.0,
		},
		{
			"conference_sid": conference, "call_sid": s.calls[3], "outcome": "not_tried", "done": false,
			"reason": "the credentials were refused",
		},
	}, results)
}

func TestDryRunRemovesNobody(t *testing.T) {
	t.Parallel()
	s := newService(t, 20, nil)
	got := runProgram(t, credentials(), "", s.args([]string{"-dry-run"}, s.calls...)...)
	require.Equal(t, 0, got.status)
	require.Equal(t, 20, count(outcomes(t, got.stdout), "not tried"))
	require.Equal(t, "20 participants: 20 not tried\n", got.stderr)
	require.Zero(t, s.requests.Load())
	require.Equal(t, 2, runProgram(t, credentials(), "", s.args([]string{"-dry-run"}, "CA123")...).status)
}

func TestWhatIsLeftIsSaid(t *testing.T) {
	t.Parallel()
	const hint, nobody = " left: to go on,", "none of them is in this conference: check the SIDs"
	for _, tt := range []struct {
		name         string
		flags        []string
		calls        []int // of the service, or -1 for one that is not there
		hint, nobody bool
	}{
		{"more missing than failed", []string{"-ignore-missing"}, []int{-1, -1, 0}, true, false},
		{"nobody found", nil, []int{-1, -1}, false, true},
		{"nobody found, nor expected", []string{"-ignore-missing"}, []int{-1}, false, true},
		{"one found", nil, []int{-1, 1}, false, false},
		{"one failed", nil, []int{0}, true, false},
		{"dry run", []string{"-dry-run"}, []int{1}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, 2, func(s *service) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					if callOf(r) == s.calls[0] {
						writeError(w, http.StatusUnprocessableEntity)
						return
					}
					s.Handler.ServeHTTP(w, r)
				}
			})
			var calls []string
			for i, number := range tt.calls {
				if number < 0 {
					calls = append(calls, otherCall[:35]+string(rune('0'+i)))
				} else {
					calls = append(calls, s.calls[number])
				}
			}
			got := runProgram(t, credentials(), "", s.args(tt.flags, calls...)...)
			require.Equal(t, tt.hint, strings.Contains(got.stderr, hint), got.stderr)
			require.Equal(t, tt.nobody, strings.Contains(got.stderr, nobody), got.stderr)
		})
	}
}

// TestTimeoutEndsTheRun: what is under way is unknown, and nothing else is begun.
func TestTimeoutEndsTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 3, nil)
		s.respond = func(call string, _ int) (int, time.Duration) {
			if call != s.calls[0].String() {
				time.Sleep(time.Minute)
			}
			return http.StatusNoContent, 0
		}
		got := s.remove(t, nil, "-timeout", "10s", "-parallel", "1")
		require.Equal(t, 1, got.status)
		found := outcomes(t, got.stdout)
		require.Equal(t, "removed", found[s.calls[0].String()])
		require.Equal(t, "unknown", found[s.calls[1].String()])
		require.Equal(t, "not tried", found[s.calls[2].String()])
		require.Contains(t, got.stdout, "the -timeout of 10s is over")
	})
}
