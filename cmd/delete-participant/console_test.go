package main

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBrokenPipeLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHold()
	s := newService(t, 4, h.before)
	p := prepare(t, credentials(), s.args([]string{"-parallel", "1"}, s.calls...)...)
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	p.Stdout = writer
	p.start(t)
	require.NoError(t, writer.Close())
	h.next(t, p)
	h.letGo(t, p)
	line, err := bufio.NewReader(reader).ReadString('\n')
	require.NoError(t, err)
	h.next(t, p)
	require.NoError(t, reader.Close())
	h.letGo(t, p)

	got := p.end(t)
	require.Equal(t, 1, got.status)
	message, rest, _ := strings.Cut(got.stderr, "\n")
	require.Contains(t, message, "standard output cannot be written")
	results, _, _ := strings.Cut(rest, "4 participants:")
	require.Equal(t, map[string]string{
		s.calls[0]: "removed", s.calls[1]: "removed", s.calls[2]: "not tried", s.calls[3]: "not tried",
	}, outcomes(t, line+results))
	require.EqualValues(t, 2, s.requests.Load())
}

func TestNullDeviceIsNoTerminal(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer null.Close()
	require.False(t, isTerminal(null), "the null device is a terminal")
	require.False(t, isTerminal(strings.NewReader("")), "what is no file is a terminal")
}
