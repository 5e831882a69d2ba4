//go:build soak && linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

func TestSoakInterruptedRuns(t *testing.T) { testInterruptedRuns(t, 20, 10_000) }

// TestSoakRateLimit is TestRateLimitDoesNotBurnTheRun in real time.
func TestSoakRateLimit(t *testing.T) {
	s := newService(t, 200, nil)
	s.UseProfile(signalwiretest.RateLimit, 1)
	start := time.Now()
	got := runProgram(t, credentials(), "", s.args(nil, s.calls...)...)
	require.Equal(t, 0, got.status, got.stderr)
	require.Empty(t, s.Participants(s.conference))
	t.Logf("200 of 200 removed in %v with %d requests", time.Since(start).Round(time.Millisecond), s.requests.Load())
}

// TestSoakHundredThousand measures the program as it is installed. One run of
// three has to be within the limits: the machine may have other things to do.
func TestSoakHundredThousand(t *testing.T) {
	const (
		maxTime   = 9 * time.Second
		maxMemory = 27 << 10 // in KiB
	)
	executable := filepath.Join(t.TempDir(), "delete-participant")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", executable, ".").CombinedOutput()
	require.NoError(t, err, string(output))
	for range 3 {
		took, memory := removeMany(t, executable, 100_000)
		if took <= maxTime && memory <= maxMemory {
			return
		}
	}
	require.FailNow(t, "no run was within the limits")
}

// removeMany returns how long the program takes to remove many participants,
// and how much memory, in KiB.
func removeMany(t *testing.T, executable string, participants int) (time.Duration, int) {
	t.Helper()
	last, measured := make(chan struct{}), make(chan struct{})
	s := newService(t, 0, func(s *service) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if s.requests.Load() == int64(participants) {
				select {
				case last <- struct{}{}:
					<-measured
				case <-measured:
				}
			}
			w.WriteHeader(http.StatusNoContent)
		}
	})
	_, sids := signalwiretest.NewHandler(serviceName).AddConference(participants)
	s.onRead(pagesOf(t, s.conference, sids))
	var input strings.Builder
	for _, sid := range sids {
		input.WriteString(sid.String() + "\n")
	}
	results, err := os.Create(filepath.Join(t.TempDir(), "results"))
	require.NoError(t, err)
	defer results.Close()

	p := prepare(t, credentials(), s.args(nil, "-")...)
	p.Path = executable
	p.Stdin, p.Stdout = strings.NewReader(input.String()), results
	start := time.Now()
	p.start(t)
	select {
	case <-last:
	case <-p.ended:
		require.FailNow(t, "the program ended before its last request", p.stderr.String())
	}
	memory := peakMemory(t, p.Process.Pid)
	close(measured)
	got := p.end(t)
	took := time.Since(start)
	require.Equal(t, 0, got.status, got.stderr)
	require.Contains(t, got.stderr, fmt.Sprintf("%d participants: %[1]d removed\n", participants))
	t.Logf("%v, %v of them on a processor; %d KiB", took.Round(time.Millisecond),
		p.ProcessState.UserTime()+p.ProcessState.SystemTime(), memory)
	return took, memory
}

// pagesOf lists participants without the cost of validation.
func pagesOf(t *testing.T, conference signalwire.ConferenceSid, calls []signalwire.CallSid) http.HandlerFunc {
	t.Helper()
	var pages [][]byte
	for page := range slices.Chunk(calls, pageSize) {
		next := fmt.Sprintf("?Page=%d", len(pages)+1)
		list := signalwire.ConferenceParticipantListResponse{NextPageURI: &next}
		if (len(pages)+1)*pageSize >= len(calls) {
			list.NextPageURI = nil
		}
		for _, call := range page {
			list.Participants = append(list.Participants, signalwire.ConferenceParticipant{
				AccountSid: imitated.Account(), ConferenceSid: conference, CallSid: call,
				Status:      signalwire.ParticipantStatusInProgress,
				DateCreated: "Mon, 24 Sept 2018 21:00:00 +0000", DateUpdated: "Mon, 24 Sept 2018 21:00:00 +0000",
			})
		}
		encoded, err := json.Marshal(list)
		require.NoError(t, err)
		pages = append(pages, encoded)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.URL.Query().Get("Page"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(pages[number])
	}
}

// peakMemory returns how much memory a process had at most until now, in KiB.
// What the kernel reports at its end includes that of the process that began it.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	var peak int
	_, line, found := strings.Cut(string(status), "\nVmHWM:")
	require.True(t, found, "no VmHWM in %s", status)
	_, err = fmt.Sscan(line, &peak)
	require.NoError(t, err)
	return peak
}
