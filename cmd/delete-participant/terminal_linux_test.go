package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
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

func TestProgressOnTerminal(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan string), make(chan struct{})
	s := newService(t, 10, holdBack(arrived, release))
	screen, terminal := openTerminal(t)
	cmd := command(t, credentials(), s.args([]string{"-parallel", "2"}, s.calls...)...)
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, terminal
	require.NoError(t, cmd.Start())
	require.NoError(t, terminal.Close())
	go func() {
		<-arrived
		for range s.calls[1:] {
			<-arrived
			release <- struct{}{}
		}
		release <- struct{}{}
	}()
	shown, _ := io.ReadAll(screen) // It ends with an error when the program does.
	require.NoError(t, cmd.Wait())
	require.NoError(t, screen.Close())

	require.Contains(t, string(shown), "\r0 of 10 decided, 2 under way\r")
	require.Contains(t, string(shown), "\r9 of 10 decided, 1 under way\r")
	require.Contains(t, string(shown), " \r10 participants: 10 removed\r\n")
	require.Len(t, outcomes(t, stdout.String()), 10)
}
