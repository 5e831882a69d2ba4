package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// openTerminal returns a pseudoterminal: what is written to the second file is
// read from the first.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	var number, locked int32
	for request, argument := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(argument)))
		require.Zero(t, errno)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	return screen, terminal
}

// rowsOf returns what a terminal of some columns shows of what was written to
// it, row by row. It knows the control sequences that a console writes.
func rowsOf(written string, columns int) []string {
	var rows []string
	row, column, wraps := make([]byte, 0, columns), 0, true
	for len(written) > 0 {
		switch {
		case strings.HasPrefix(written, "\x1b[?7l"):
			wraps, written = false, written[len("\x1b[?7l"):]
			continue
		case strings.HasPrefix(written, "\x1b[?7h"):
			wraps, written = true, written[len("\x1b[?7h"):]
			continue
		case strings.HasPrefix(written, "\x1b[K"):
			row, written = row[:column], written[len("\x1b[K"):]
			continue
		case written[0] == '\r':
			column = 0
		case written[0] == '\n' || column == columns && wraps:
			rows, row, column = append(rows, string(row)), row[:0], 0
			if written[0] != '\n' {
				continue
			}
		default:
			column = min(column, columns-1)
			row = append(row[:max(len(row), column)], 0)[:max(len(row), column+1)]
			row[column] = written[0]
			column++
		}
		written = written[1:]
	}
	return append(rows, string(row))
}

// onTerminal starts the program with a terminal as its standard error. It
// returns what is written to it, and a function that waits for all of it.
func (p *program) onTerminal(t *testing.T) (*transcript, func() string) {
	t.Helper()
	screen, terminal := openTerminal(t)
	p.Env = append(p.Env, "TERM=xterm")
	p.Stderr = terminal
	p.start(t)
	require.NoError(t, terminal.Close())
	shown, read := newTranscript(), make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(shown, screen) // It ends with an error when the program does.
		_ = screen.Close()
	}()
	return shown, func() string {
		<-read
		return shown.String()
	}
}

func TestProgressOnTerminal(t *testing.T) {
	t.Parallel()
	h := newHold()
	s := newService(t, 10, h.before)
	p := prepare(t, credentials(), s.args([]string{"-parallel", "2"}, s.calls...)...)
	shown, all := p.onTerminal(t)
	h.next(t, p)
	h.next(t, p)
	p.waitFor(t, shown, "0 of 10 decided, 2 under way")
	for range s.calls[2:] {
		h.letGo(t, p)
		h.next(t, p)
	}
	h.letGo(t, p)
	p.waitFor(t, shown, "9 of 10 decided, 1 under way")
	h.letGo(t, p)
	got := p.end(t)
	require.Len(t, outcomes(t, got.stdout), 10)
	rows := rowsOf(all(), 20)
	require.Equal(t, []string{"10 participants: 10 ", "removed", ""}, rows, "nothing else remains")
}

func TestProgressIsThrottled(t *testing.T) {
	t.Parallel()
	s := newService(t, 4000, func(*service) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	})
	p := prepare(t, credentials(), s.args(nil, "-")...)
	p.Stdin = strings.NewReader(strings.Join(s.calls, "\n"))
	began := time.Now()
	_, all := p.onTerminal(t)
	require.Equal(t, 0, p.end(t).status)
	const line = 100 // bytes, with what erases it
	shown := all()
	require.Contains(t, shown, "4000 removed\r\n")
	require.LessOrEqual(t, len(shown), line*(2+2*int(time.Since(began)/progressInterval)))
}

func TestPromptOnTerminal(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	screen, terminal := openTerminal(t)
	p := prepare(t, credentials(), s.args(nil, "-")...)
	p.Stdin = terminal
	p.start(t)
	require.NoError(t, terminal.Close())
	p.waitFor(t, p.stderr, "reading call SIDs from the terminal, one a line; Ctrl-D on a line of its own ends them")
	_, err := io.WriteString(screen, s.calls[0]+"\n\x04")
	require.NoError(t, err)
	got := p.end(t)
	require.NoError(t, screen.Close())
	require.Equal(t, 0, got.status, got.stderr)
	require.Equal(t, map[string]string{s.calls[0]: "removed"}, outcomes(t, got.stdout))
}

func TestTerminalsThatShowProgress(t *testing.T) {
	screen, terminal := openTerminal(t)
	defer screen.Close()
	defer terminal.Close()
	for term, shows := range map[string]bool{"xterm": true, "dumb": false, "": false} {
		t.Setenv("TERM", term)
		require.Equal(t, shows, newConsole(io.Discard, terminal).terminal, term)
		require.False(t, newConsole(io.Discard, io.Discard).terminal, "what is no file is a terminal")
	}
}
