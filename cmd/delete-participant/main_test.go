package main

import (
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMissingEnvironment(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {sandboxConference, someCall}, {sandboxConference, "-"}} {
		got := runProgram(t, []string{"SIGNALWIRE_SPACE="}, "", args...)
		require.Equal(t, 2, got.status)
		require.Empty(t, got.stdout)
		for _, want := range []string{"SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN", "-sandbox"} {
			require.Contains(t, got.stderr, want)
		}
	}
	require.Contains(t, runProgram(t, nil, "").stderr, "at least one call SID")
	swapped := []string{"SIGNALWIRE_SPACE=example", "SIGNALWIRE_PROJECT_ID=" + imitated.APIToken(), "SIGNALWIRE_API_TOKEN=" + imitated.ProjectID()}
	got := runProgram(t, swapped, "", sandboxConference, someCall)
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "the project ID is not a UUID")
}

func skipWithoutSignals(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("one process cannot interrupt another there")
	}
}

func TestInterruptLetsRequestsUnderWayEnd(t *testing.T) {
	t.Parallel()
	skipWithoutSignals(t)
	for signal, status := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			h := newHold()
			s := newService(t, 20, h.before)
			p := start(t, s.args([]string{"-parallel", "2"}, s.calls...)...)
			first, second := h.next(t, p), h.next(t, p)
			require.NoError(t, p.Process.Signal(signal))
			p.waitFor(t, p.stderr, "interrupted: waiting for 2 requests under way; interrupt again to give up")
			close(h.release)
			got := p.end(t)

			require.Equal(t, status, got.status)
			found := outcomes(t, got.stdout)
			require.Len(t, found, 20)
			require.Equal(t, "removed", found[first])
			require.Equal(t, "removed", found[second])
			require.Equal(t, 18, count(found, "not tried"))
			require.EqualValues(t, 2, s.requests.Load())
			require.Len(t, s.Participants(s.conference), 18)
			require.Contains(t, got.stderr, "18 left: to go on,")
		})
	}
}

func TestNoRetryAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	skipWithoutSignals(t)
	s := newService(t, 1, func(*service) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "5")
			writeError(w, http.StatusTooManyRequests)
		}
	})
	p := start(t, s.args([]string{"-v"}, s.calls...)...)
	p.waitFor(t, p.stderr, "; again in ")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	got := p.end(t)
	require.Equal(t, 130, got.status, got.stderr)
	require.Equal(t, map[string]string{s.calls[0]: "failed"}, outcomes(t, got.stdout))
	require.EqualValues(t, 1, s.requests.Load())
}

func TestSecondInterruptGivesUp(t *testing.T) {
	t.Parallel()
	skipWithoutSignals(t)
	h := newHold()
	s := newService(t, 20, h.before)
	p := start(t, s.args([]string{"-parallel", "2"}, s.calls...)...)
	first, second := h.next(t, p), h.next(t, p)
	require.NoError(t, p.Process.Signal(os.Interrupt))
	p.waitFor(t, p.stderr, "interrupted")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	got := p.end(t)

	require.Equal(t, 130, got.status)
	found := outcomes(t, got.stdout)
	require.Len(t, found, 20)
	require.Equal(t, "unknown", found[first])
	require.Equal(t, "unknown", found[second])
	require.Equal(t, 18, count(found, "not tried"))
	require.EqualValues(t, 2, s.requests.Load())
}

// A terminal that is gone sends more than one hangup.
func TestSecondHangupDoesNotGiveUp(t *testing.T) {
	t.Parallel()
	skipWithoutSignals(t)
	h := newHold()
	s := newService(t, 3, h.before)
	p := start(t, s.args([]string{"-parallel", "1"}, s.calls...)...)
	first := h.next(t, p)
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	p.waitFor(t, p.stderr, "interrupted")
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	h.letGo(t, p)
	got := p.end(t)
	require.Equal(t, 129, got.status)
	require.Equal(t, "removed", outcomes(t, got.stdout)[first])
}

func TestNohup(t *testing.T) {
	t.Parallel()
	skipWithoutSignals(t)
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	h := newHold()
	s := newService(t, 3, h.before)
	p := prepare(t, credentials(), s.args([]string{"-parallel", "1"}, s.calls...)...)
	p.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, p.Path}, p.Args[1:]...)
	p.Path = shell
	p.start(t)
	h.next(t, p)
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	h.letGo(t, p)
	for range 2 {
		h.next(t, p)
		h.letGo(t, p)
	}
	got := p.end(t)
	require.Equal(t, 0, got.status, got.stderr)
	require.Empty(t, s.Participants(s.conference))
}

func TestInterruptWhileReading(t *testing.T) {
	t.Parallel()
	skipWithoutSignals(t)
	s := newService(t, 1, nil)
	p := prepare(t, credentials(), s.args(nil, s.calls[0], "-")...)
	stdin, err := p.StdinPipe()
	require.NoError(t, err)
	p.start(t)
	// More than a pipe holds, so the program is reading when this returns.
	p.writeAll(t, stdin, strings.Repeat("\n", 1<<19))
	require.NoError(t, p.Process.Signal(os.Interrupt))
	got := p.end(t)
	require.Equal(t, 130, got.status)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, "interrupted while reading standard input; nothing was sent")
	require.Zero(t, s.requests.Load())
}

func TestTimeoutWhileReading(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	p := prepare(t, credentials(), s.args([]string{"-timeout", "10ms"}, s.calls[0], "-")...)
	_, err := p.StdinPipe()
	require.NoError(t, err)
	p.start(t)
	got := p.end(t)
	require.Equal(t, 1, got.status)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, "the -timeout of 10ms is over, and standard input has not ended; nothing was sent")
	require.Zero(t, s.requests.Load())
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, "", "-version")
	require.Equal(t, 0, got.status)
	require.Regexp(t, `^delete-participant \S+ `+regexp.QuoteMeta(runtime.Version())+` \w+/\w+\n$`, got.stdout)
}
