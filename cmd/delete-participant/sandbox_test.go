package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSandboxTakesArguments(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, someCall+"\n", "-sandbox", "-v", "-name", "-json", "-ignore-missing", sandboxName, "-", otherCall)
	require.Equal(t, 0, got.status, got.stderr)
	require.Equal(t, 2, strings.Count(got.stdout, `"done":true`))
	require.Contains(t, got.stderr, "nothing real is touched")
	require.Contains(t, got.stderr, "< 404 Not Found\n")
	unknown := runProgram(t, nil, "", "-sandbox", sandboxConference, someCall)
	require.Equal(t, 1, unknown.status)
	require.Contains(t, unknown.stderr, "the account has no such conference, so no other request is begun: check the conference SID and -account\n")
}

// TestReadmeRecording holds the README's recording of the sandbox and the
// program together.
func TestReadmeRecording(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(readme), "\n    $ make run\n")
	require.True(t, found, "the README has no recording")
	var recording strings.Builder
	for line := range strings.Lines(after) {
		text, indented := strings.CutPrefix(line, "    ")
		if !indented {
			break
		}
		recording.WriteString(text)
	}
	p := prepare(t, nil, "-sandbox")
	both := newTranscript()
	p.Stdout, p.Stderr = both, both
	p.start(t)
	p.end(t)
	require.Equal(t, both.String(), recording.String())
}
