package main

import (
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// ender would end the conference for everybody.
var ender = signalwiretest.Participant{EndConferenceOnExit: true}

func TestOneListDecides(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		flags        []string
		status       int
		first        string
		reason       string
		removed, end int
	}{
		{"refused", nil, 1, "not tried", "  not tried: the conference would end for everybody; -end-conference allows it\n", 2, 0},
		{"allowed", []string{"-end-conference", "-ignore-missing", "-parallel", "1"}, 0, "removed", "  removed\n", 1, 1},
		{"dry run", []string{"-dry-run"}, 0, "not tried", "  not tried: dry run: on hold, ends the conference: refused without -end-conference\n", 0, 0},
		{"dry run, allowed", []string{"-dry-run", "-end-conference"}, 0, "not tried", "  not tried: dry run: on hold, ends the conference\n", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServiceOf(t, []signalwiretest.Participant{{Hold: true, EndConferenceOnExit: true}, {Muted: true}, {}}, nil)
			var listed atomic.Int64
			s.onRead(func(w http.ResponseWriter, r *http.Request) {
				if callOf(r) == "Participants" {
					listed.Add(1)
				}
				s.Handler.ServeHTTP(w, r)
			})
			got := runProgram(t, credentials(), "", s.args(tt.flags, s.calls...)...)
			require.Equal(t, tt.status, got.status, got.stderr)
			require.Equal(t, tt.first, outcomes(t, got.stdout)[s.calls[0]])
			require.Contains(t, got.stdout, s.calls[0]+tt.reason)
			require.Equal(t, tt.removed, count(outcomes(t, got.stdout), "removed"))
			require.EqualValues(t, 1, listed.Load(), "one list decides")
			require.NotContains(t, got.stderr, " left: ", "going on would not help")
		})
	}
}

func TestDryRunShowsTheFlags(t *testing.T) {
	t.Parallel()
	s := newServiceOf(t, []signalwiretest.Participant{{Muted: true, Hold: true}, {}}, nil)
	got := runProgram(t, credentials(), "", s.args([]string{"-dry-run"}, append(s.calls, otherCall)...)...)
	require.Equal(t, 0, got.status)
	require.Equal(t, s.calls[0]+"  not tried: dry run: muted, on hold\n"+s.calls[1]+"  not tried: dry run\n"+
		otherCall+"  not tried: dry run: not in the conference\n", got.stdout)
	json := runProgram(t, credentials(), "", s.args([]string{"-dry-run", "-json"}, s.calls[0])...)
	require.Contains(t, json.stdout, `"muted":true,"hold":true}`)
	require.Zero(t, s.requests.Load())
}

// Who cannot be listed may end the conference, so nobody is removed.
func TestNobodyIsRemovedWithoutAList(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int // of the list
		advice string
	}{
		{"outage", http.StatusServiceUnavailable, "no list of participants: 503 Service Unavailable"},
		{"refused", http.StatusUnauthorized, "the credentials were refused, so no other request is begun: check SIGNALWIRE_PROJECT_ID"},
		{"not the API's", notTheAPIs, "no list of participants: 404 Not Found: unexpected response"},
		{"wrong conference", http.StatusNotFound, "the account has no such conference, so no other request is begun: check the conference SID and -account\n"},
		{"no host", noHost, "the host is unknown, so no other request is begun: check SIGNALWIRE_SPACE, -base-url and HTTPS_PROXY\n"},
	} {
		for _, flags := range [][]string{nil, {"-all"}, {"-dry-run"}, {"-end-conference"}} {
			t.Run(tt.name+strings.Join(flags, ""), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newVirtualService(t, 3, nil)
					s.read = func(*http.Request) int { return tt.status }
					got := s.run(t, nil, flags...)
					require.Equal(t, 1, got.status)
					require.Contains(t, got.stderr, tt.advice)
					require.Empty(t, s.requests)
					if len(flags) == 0 {
						require.Equal(t, 3, count(outcomes(t, got.stdout), "not tried"), "the output is input of the next run")
					}
				})
			})
		}
	}
}

// A list is worth waiting for, as a removal is.
func TestListOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 3, func(string, int) (int, time.Duration) { return http.StatusNoContent, 0 })
		s.read = func(*http.Request) int {
			if s.elapsed() < 4*time.Minute {
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}
		got := s.remove(t, nil)
		require.Equal(t, 0, got.status)
		require.Equal(t, 3, count(outcomes(t, got.stdout), "removed"))
		require.Contains(t, got.stderr, "list of participants: 503 Service Unavailable")
		require.Less(t, len(s.reads), 200, "it slows down")

		s = newVirtualService(t, 3, nil)
		s.read = func(*http.Request) int { return http.StatusServiceUnavailable }
		require.Equal(t, 1, s.remove(t, nil, "-patience", "0").status)
		require.Less(t, s.elapsed(), 30*time.Second)
	})
}

func TestInterruptedList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 3, nil)
		s.read = func(*http.Request) int { return http.StatusServiceUnavailable }
		interrupts := make(chan os.Signal, 1)
		time.AfterFunc(time.Minute, func() { interrupts <- os.Interrupt })
		got := s.remove(t, interrupts)
		require.Equal(t, 130, got.status)
		require.Equal(t, 3, linesOf(got.stdout, "  not tried: no list of participants: interrupted"))
		require.Empty(t, s.requests)
		require.Equal(t, time.Minute, s.elapsed())
	})
}

func TestAll(t *testing.T) {
	t.Parallel()
	s := newServiceOf(t, []signalwiretest.Participant{{}, ender, {Muted: true}, {}}, nil)
	got := runProgram(t, credentials(), "", s.args([]string{"-all", "-except", s.calls[0], "-except", s.calls[3]})...)
	require.Equal(t, 1, got.status)
	require.Equal(t, map[string]string{s.calls[1]: "not tried", s.calls[2]: "removed"}, outcomes(t, got.stdout))
	require.EqualValues(t, 2, s.reads.Load(), "a list before and one after")

	// Who ends the conference goes last.
	got = runProgram(t, credentials(), "", s.args([]string{"-all", "-end-conference", "-parallel", "1"})...)
	require.Equal(t, 0, got.status, got.stderr)
	require.Equal(t, map[string]string{s.calls[0]: "removed", s.calls[1]: "removed", s.calls[3]: "removed"}, outcomes(t, got.stdout))
	require.True(t, strings.HasSuffix(got.stdout, s.calls[1]+"  removed\n"), got.stdout)

	got = runProgram(t, credentials(), "", s.args([]string{"-all"})...)
	require.Equal(t, 0, got.status)
	require.Equal(t, "0 participants\n", got.stderr)
}

// Somebody who has to stay and is not there may be a wrong SID.
func TestExceptSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newService(t, 3, nil)
	for _, flags := range [][]string{{"-all"}, {"-all", "-dry-run"}} {
		got := runProgram(t, credentials(), "", s.args(append(flags, "-except", s.calls[0], "-except", otherCall))...)
		require.Equal(t, 1, got.status)
		require.Empty(t, got.stdout)
		require.Contains(t, got.stderr, "-except "+otherCall+": not in the conference, so nobody is removed;")
		require.Zero(t, s.requests.Load())
	}
}

// Whoever joins while the others are removed is removed, too.
func TestAllGoesOnUntilNobodyIsThere(t *testing.T) {
	t.Parallel()
	for joining, status := range map[int]int{3: 0, 1000: 1} {
		s := newService(t, 1, nil)
		joined := 0
		s.onRead(func(w http.ResponseWriter, r *http.Request) {
			s.Handler.ServeHTTP(w, r)
			if joined < joining {
				joined++
				s.Join(s.conference, signalwiretest.Participant{})
			}
		})
		got := runProgram(t, credentials(), "", s.args([]string{"-all"})...)
		require.Equal(t, status, got.status, got.stderr)
		found := outcomes(t, got.stdout)
		require.Equal(t, min(joining+1, maxRounds), count(found, "removed"))
		if status != 0 {
			require.Equal(t, 1, count(found, "not tried"))
			require.Contains(t, got.stdout, "  not tried: somebody is still there after the last round\n")
			require.Contains(t, got.stderr, "1 left: to go on, run the same command again\n")
		}
	}
}

// What a removal leaves open, another round settles.
func TestAllRemovesAgain(t *testing.T) {
	t.Parallel()
	for last, want := range map[int]string{
		http.StatusNoContent: "  removed\n", http.StatusUnprocessableEntity: "  failed: 422 Unprocessable Entity",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newVirtualService(t, 3, nil)
			s.respond = func(call string, number int) (int, time.Duration) {
				if call == s.calls[1].String() && number <= 2 {
					return http.StatusUnprocessableEntity, 0
				}
				if call == s.calls[1].String() {
					return last, 0
				}
				return http.StatusNoContent, 0
			}
			got := s.run(t, nil, "-all")
			require.Equal(t, last == http.StatusUnprocessableEntity, got.status == 1)
			require.Contains(t, got.stdout, s.calls[1].String()+want)
			require.Len(t, outcomes(t, got.stdout), 3, "each has one line")
			require.LessOrEqual(t, s.numbers[s.calls[1].String()], maxRounds)
		})
	}
}

// Who could not be removed and has left is done.
func TestAllNoticesWhoLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualService(t, 1, nil)
		s.respond = func(call string, _ int) (int, time.Duration) {
			s.removed[call] = true // They leave.
			return http.StatusUnprocessableEntity, 0
		}
		got := s.run(t, nil, "-all")
		require.Equal(t, 0, got.status)
		require.Equal(t, s.calls[0].String()+"  absent\n", got.stdout)
	})
}

// A conference that has ended has nobody in it.
func TestAbsentIsToldFromAWrongConference(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		removal int
		read    int
		state   signalwire.ConferenceStatus
		want    string
	}{
		{"gone", http.StatusNotFound, http.StatusOK, signalwire.ConferenceStatusInProgress, "  absent\n"},
		{"ended", http.StatusBadRequest, http.StatusOK, signalwire.ConferenceStatusCompleted, "  absent\n"},
		{"wrong", http.StatusNotFound, http.StatusNotFound, "", "  failed: 404 Not Found: the account has no such conference"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newVirtualService(t, 100, func(string, int) (int, time.Duration) {
					time.Sleep(time.Millisecond)
					return tt.removal, 0
				})
				s.state = tt.state
				s.read = func(r *http.Request) int {
					if callOf(r) == "Participants" {
						return http.StatusOK
					}
					return tt.read
				}
				got := s.run(t, nil)
				require.Contains(t, got.stdout, s.calls[0].String()+tt.want)
				if tt.name == "wrong" {
					require.Len(t, s.requests, defaultParallel, "the others would fail alike")
				}
			})
		})
	}
}
