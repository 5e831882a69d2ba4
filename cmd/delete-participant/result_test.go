package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// Whatever a run prints is a line that the next one reads.
func TestEveryLineIsReadAgain(t *testing.T) {
	t.Parallel()
	conference, err := signalwire.ParseConferenceSid(sandboxConference)
	require.NoError(t, err)
	call, err := signalwire.ParseCallSid(someCall)
	require.NoError(t, err)
	for _, outcome := range everyOutcome {
		for _, reason := range []string{"", "503 Service Unavailable: code 1: a # b  removed: c", strings.Repeat(`<"`, 250)} {
			printed := result{
				ConferenceSid: conference, CallSid: call, Outcome: outcome, Done: true, MaybeApplied: true,
				StatusCode: 503, Code: 10503, Attempts: 20, Reason: reason,
			}
			require.NotContains(t, printed.json(), `\u00`, "it stays legible")
			for _, line := range []string{printed.text(), printed.json()} {
				require.LessOrEqual(t, len(line), maxLine)
				require.Equal(t, 1, strings.Count(line, "\n"))
				list := parseArguments([]string{sandboxConference, "-"}, &options{ignoreMissing: true})
				list.readLines(strings.NewReader(line))
				require.NoError(t, list.problems.err(), line)
				require.Equal(t, []signalwire.CallSid{call}, list.calls)
				done := outcome == removed || outcome == absent
				require.Equal(t, done, list.leaveOutDone() == 1, line)
			}
		}
	}
}
