package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

func TestName(t *testing.T) {
	t.Parallel()
	s := newService(t, 2, nil)
	two := make([]signalwiretest.Participant, 2)
	ended, _ := s.Add(signalwiretest.Conference{FriendlyName: "stand-up", Status: signalwire.ConferenceStatusCompleted})
	first, _ := s.Add(signalwiretest.Conference{FriendlyName: "twice", Participants: two})
	second, _ := s.Add(signalwiretest.Conference{FriendlyName: "twice", Participants: two})
	s.Add(signalwiretest.Conference{FriendlyName: "-all", Participants: two})
	for _, tt := range []struct {
		name, conference string
		status           int
		want, not        []string
	}{
		{"found", "stand-up", 1, []string{"1 participant: 1 absent\n"}, nil},
		{"like a flag", "-all", 1, []string{"1 participant: 1 absent\n"}, nil},
		{"another case", "Stand-up", 1, []string{
			"delete-participant: no such conference is in progress\n",
			"delete-participant: in progress: " + s.conference.String() + `  "stand-up", since 2018-09-24T21:00:01Z` + "\n", `"twice"`,
		}, []string{ended.String()}},
		{"a part", "stand", 1, []string{"no such conference is in progress\n"}, nil},
		{"ambiguous", "twice", 1, []string{
			"more than one conference has this name; leave out -name, and give the SID\n", first.String(), second.String(),
		}, []string{s.conference.String()}},
		{"empty", "", 2, []string{"-name needs the name of a conference"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := runProgram(t, credentials(), "", "-base-url", s.url, "-name", "--", tt.conference, otherCall)
			require.Equal(t, tt.status, got.status, got.stderr)
			for _, want := range tt.want {
				require.Contains(t, got.stderr, want)
			}
			for _, not := range tt.not {
				require.NotContains(t, got.stderr, not)
			}
			require.Equal(t, strings.Contains(got.stderr, "1 absent"), got.stdout != "")
		})
	}
}

func TestManyNames(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	for range 100 {
		s.AddConference(1)
	}
	got := runProgram(t, credentials(), "", "-base-url", s.url, "-name", "none", otherCall)
	require.Equal(t, 1+maxNamed+1, strings.Count(got.stderr, "\n"))
	require.Contains(t, got.stderr, "delete-participant: and 81 more, which -list shows\n")
}

// A name that cannot be looked up is not a name that is unknown.
func TestNameThatCannotBeFound(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	s.onRead(func(w http.ResponseWriter, _ *http.Request) { writeError(w, http.StatusForbidden) })
	got := runProgram(t, credentials(), "", "-base-url", s.url, "-name", "stand-up", s.calls[0])
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "delete-participant: no list of conferences: 403 Forbidden")
	require.NotContains(t, got.stderr, "in progress")
	require.Zero(t, s.requests.Load())
}

// What another conference's run printed is no input, however the conference is
// named.
func TestResultsOfAnotherConferenceThanTheName(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	line := func(conference string) string {
		return `{"conference_sid":"` + conference + `","call_sid":"` + s.calls[0] + `","outcome":"failed"}` + "\n"
	}
	args := []string{"-base-url", s.url, "-name", "stand-up", "-"}
	got := runProgram(t, credentials(), line(otherCall), args...)
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "standard input has results of another conference")
	got = runProgram(t, credentials(), line(s.conference.String())+line(otherCall), args...)
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "standard input, line 2: this is the result of another conference")
	require.Zero(t, s.requests.Load())
	require.Equal(t, 0, runProgram(t, credentials(), line(s.conference.String()), args...).status)
}
