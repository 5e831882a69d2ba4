package main

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

func TestStandardInput(t *testing.T) {
	t.Parallel()
	s := newService(t, 4, nil)
	stdin := "\ufeff# who has to leave\r\n\r\n" + s.calls[0] + "\r\n  " + s.calls[1] + "  # Alice\r\n\t\n" +
		strings.ToUpper(s.calls[0]) + "\n" + s.calls[2]
	got := runProgram(t, credentials(), stdin, s.args(nil, s.calls[3], "-", s.calls[3])...)
	require.Equal(t, 0, got.status, got.stderr)
	require.Equal(t, 4, count(outcomes(t, got.stdout), "removed"))
	require.EqualValues(t, 4, s.requests.Load(), "each once")
	require.Contains(t, got.stderr, "2 call SIDs")
}

// utf16Of returns a text as some editors on Windows save it.
func utf16Of(text string, bigEndian bool) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		low, high := byte(unit), byte(unit>>8)
		if bigEndian {
			low, high = high, low
		}
		b.WriteByte(low)
		b.WriteByte(high)
	}
	return b.String()
}

func TestBadInputIsNamedAndNothingIsSent(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	conference, call := s.conference.String(), s.calls[0]
	for _, tt := range []struct {
		name  string
		args  []string
		stdin string
		want  []string
	}{
		{"too few", []string{conference}, "", []string{"at least one call SID"}},
		{"friendly name", []string{"stand-up", call}, "", []string{"argument 1: the conference SID is not a UUID"}},
		{"all of them", []string{conference, "CA4017af4743d85f0796eba1a3290c39b1", call, "x"}, "", []string{"argument 2: the call SID looks like one of Twilio's", "argument 4: the call SID is not a UUID"}},
		{"conference again", []string{conference, strings.ToUpper(conference)}, "", []string{"argument 2: this is the conference SID again"}},
		{"late flag", []string{conference, call, "-v"}, "", []string{"argument 3: flags come before"}},
		{"input first", []string{"-", conference}, call, []string{"argument 1: - stands for call SIDs"}},
		{"two inputs", []string{conference, "-", "-"}, call, []string{"argument 3: - can be given once"}},
		{"two in an argument", []string{conference, call + "," + otherCall}, "", []string{"argument 2: something follows the call SID; give one at a time"}},
		{"lines", []string{conference, "-"}, call + "\r\n# x\r\n\r\nbad\r\n" + call + "x\r\n", []string{"standard input, line 4: ", "standard input, line 5: "}},
		{"two on a line", []string{conference, "-"}, call + " " + otherCall + "\n", []string{"line 1: something follows the call SID; give one at a time"}},
		{"comma", []string{conference, "-"}, call + ",\n", []string{"line 1: something follows the call SID; give one at a time, without commas"}},
		{"a name and a number", []string{conference, "-"}, "Alice +15550100\n", []string{"line 1: the call SID is not a UUID"}},
		{"arguments and lines", []string{conference, "bad", "-"}, "bad\n", []string{"argument 2: ", "standard input, line 1: "}},
		{"many", []string{conference, "-"}, strings.Repeat("bad\n", 1000), []string{"line 1: ", "line 10: ", "and 990 more"}},
		{"long line", []string{conference, "-"}, call + "\n" + strings.Repeat("x", 1<<20), []string{"standard input, line 2: longer than 4096 bytes"}},
		{"a byte too long", []string{conference, "-"}, "#" + strings.Repeat("x", 4096) + "\n" + call, []string{"standard input, line 1: longer than 4096 bytes"}},
		{"empty input", []string{conference, "-"}, "# nobody\n", []string{"standard input: there is no call SID"}},
		{"UTF-16", []string{conference, "-"}, utf16Of(call+"\r\n", false), []string{"standard input, line 1: this is not UTF-8, but probably UTF-16; save it as UTF-8"}},
		{"UTF-16, big endian", []string{conference, "-"}, utf16Of(call+"\r\n", true), []string{"line 1: this is not UTF-8, but probably UTF-16"}},
		{"other JSON", []string{conference, "-"}, `{"sid":"` + call + `"}`, []string{"line 1: the JSON has no call_sid"}},
		{"broken JSON", []string{conference, "-"}, `{"call_sid":"` + call, []string{"line 1: this is not a line that -json printed"}},
		{"wrong JSON", []string{conference, "-"}, `{"call_sid":"Alice"}`, []string{"line 1: this is not a line that -json printed: the call SID is not a UUID"}},
		{"another conference", []string{conference, "-"}, `{"conference_sid":"` + otherCall + `","call_sid":"` + call + `","outcome":"removed"}`, []string{"line 1: this is the result of another conference"}},
		{"sandbox with a name", []string{"-sandbox", "stand-up", call}, "", []string{"argument 1: the conference SID is not a UUID"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := tt.args
			if args[0] != "-sandbox" {
				args = append([]string{"-base-url", s.url, "--"}, args...)
			}
			got := runProgram(t, credentials(), tt.stdin, args...)
			require.Equal(t, 2, got.status, got.stderr)
			require.Empty(t, got.stdout)
			for _, want := range tt.want {
				require.Contains(t, got.stderr, want)
			}
			require.NotContains(t, got.stderr, "line 11: ")
			require.NotContains(t, got.stderr, "argument 11: ")
			require.Zero(t, s.requests.Load())
		})
	}
}

// A line may have as many bytes as the message about longer ones says.
func TestLongestLine(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"", "\n", "\r\n"} {
		list := parseArguments([]string{sandboxConference, "-"}, &options{})
		list.readLines(strings.NewReader(someCall + " #" + strings.Repeat("x", maxLine-len(someCall+" #")) + end))
		require.NoError(t, list.problems.err())
		require.Len(t, list.calls, 1)
	}
}

func TestMostLines(t *testing.T) {
	t.Parallel()
	for lines, problem := range map[int]bool{maxLines: false, maxLines + 1: true} {
		list := parseArguments([]string{sandboxConference, "-"}, &options{})
		list.readLines(strings.NewReader(strings.Repeat("\n", lines-1) + someCall))
		require.Equal(t, problem, list.problems.err() != nil, "%d lines: %v", lines, list.problems.err())
	}
}

// A list and what a run printed may be given together, in any order.
func TestDoneAnywhereIsDone(t *testing.T) {
	t.Parallel()
	list := parseArguments([]string{sandboxConference, "-"}, &options{})
	list.readLines(strings.NewReader(someCall + "\n" + otherCall + "  removed\n" + someCall + "  removed\n" + otherCall + "\n"))
	require.NoError(t, list.problems.err())
	require.Equal(t, 2, list.leaveOutDone())
	require.Empty(t, list.calls)
}

// What a run printed is the input of the next.
func TestGoingOn(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			var flags []string
			if format == "json" {
				flags = []string{"-json"}
			}
			const missing, refused = 3, 4 // participants, by number
			fail := true
			s := newService(t, 6, func(s *service) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					switch {
					case callOf(r) == s.calls[missing]:
						s.Script(signalwiretest.NotFound())
					case callOf(r) == s.calls[refused] && fail:
						fail = false
						writeError(w, http.StatusUnprocessableEntity)
						return
					}
					s.Handler.ServeHTTP(w, r)
				}
			})
			first := runProgram(t, credentials(), "", s.args(append(flags, "-parallel", "1"), s.calls[:5]...)...)
			require.Equal(t, 1, first.status)
			require.Contains(t, first.stderr, "5 participants: 3 removed, 1 absent, 1 failed\n")
			require.Contains(t, first.stderr, "1 left: to go on,")

			before := s.requests.Load()
			second := runProgram(t, credentials(), first.stdout+s.calls[5]+"\n", s.args(append(flags, "-parallel", "1"), "-")...)
			require.Contains(t, second.stderr, "3 participants: 2 removed, 1 absent\n")
			require.Contains(t, second.stderr, "left out what was done before: 3 call SIDs\n")
			require.EqualValues(t, 3, s.requests.Load()-before, "who was removed is left out")

			before = s.requests.Load()
			third := runProgram(t, credentials(), first.stdout+second.stdout, s.args([]string{"-ignore-missing"}, "-")...)
			require.Equal(t, 0, third.status)
			require.Empty(t, third.stdout)
			require.Contains(t, third.stderr, "nothing is left to do")
			require.Equal(t, before, s.requests.Load())
		})
	}
}
