package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// listArgs are the arguments that list the service's conferences.
func (s *service) listArgs(args ...string) []string {
	return append([]string{"-base-url", s.url, "-list"}, args...)
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newServiceOf(t, []signalwiretest.Participant{{Muted: true}, {Hold: true, EndConferenceOnExit: true}}, nil)
	ended, _ := s.Add(signalwiretest.Conference{FriendlyName: "over", Status: signalwire.ConferenceStatusCompleted})
	other, calls := s.Add(signalwiretest.Conference{FriendlyName: "a\nb", Participants: make([]signalwiretest.Participant, 1001)})

	got := runProgram(t, credentials(), "", s.listArgs()...)
	require.Equal(t, 0, got.status)
	require.True(t, strings.HasPrefix(got.stdout, s.conference.String()+`  "stand-up", since 2018-09-24T21:00:01Z
  CALL SID                              JOINED                MUTED  HOLD  ENDS THE CONFERENCE
  `+s.calls[0]+`  2018-09-24T21:00:02Z  yes    no    no
  `+s.calls[1]+`  2018-09-24T21:00:03Z  no     yes   yes
`+other.String()+`  "a\nb", since `), got.stdout[:600])
	require.Equal(t, 1, strings.Count(got.stdout, calls[1000].String()), "of all pages")
	require.NotContains(t, got.stdout, ended.String())
	require.Empty(t, got.stderr)

	for _, args := range [][]string{{"-json", s.conference.String()}, {"-json", "-name", "stand-up"}} {
		got = runProgram(t, credentials(), "", s.listArgs(args...)...)
		require.Equal(t, 0, got.status)
		start := `{"conference_sid":"` + s.conference.String() + `","friendly_name":"stand-up","call_sid":"`
		require.Equal(t, start+s.calls[0]+`","joined":"2018-09-24T21:00:02Z","muted":true}`+"\n"+
			start+s.calls[1]+`","joined":"2018-09-24T21:00:03Z","hold":true,"end_conference_on_exit":true}`+"\n", got.stdout)
	}

	removal := runProgram(t, credentials(), got.stdout, s.args(nil, "-")...)
	require.Equal(t, map[string]string{s.calls[0]: "removed", s.calls[1]: "not tried"}, outcomes(t, removal.stdout), "a list is input")
	require.Equal(t, 2, runProgram(t, credentials(), got.stdout, "-base-url", s.url, "--", other.String(), "-").status, "but not of another conference")
}

func TestListOfNothing(t *testing.T) {
	t.Parallel()
	s := newService(t, 0, nil) // It has not begun.
	got := runProgram(t, credentials(), "", s.listArgs()...)
	require.Equal(t, 0, got.status)
	require.Empty(t, got.stdout)
	require.Equal(t, "delete-participant: no conference is in progress\n", got.stderr)
	for _, args := range [][]string{{s.conference.String()}, {"-name", "stand-up"}} {
		got = runProgram(t, credentials(), "", s.listArgs(args...)...)
		require.Equal(t, 1, got.status)
		require.Equal(t, "delete-participant: no such conference is in progress\n", got.stderr)
	}
}

func TestListThatFails(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"Conferences", "Participants"} {
		s := newService(t, 2, nil)
		s.onRead(func(w http.ResponseWriter, r *http.Request) {
			if callOf(r) == failing {
				writeError(w, http.StatusUnprocessableEntity)
				return
			}
			s.Handler.ServeHTTP(w, r)
		})
		got := runProgram(t, credentials(), "", s.listArgs()...)
		require.Equal(t, 1, got.status)
		require.Empty(t, got.stdout)
		require.Equal(t, "delete-participant: no list of "+strings.ToLower(failing)+": 422 Unprocessable Entity: code 10422: made up\n", got.stderr)
	}
}
