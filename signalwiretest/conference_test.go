package signalwiretest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

func TestAddConferenceRefusesNegativeNumbers(t *testing.T) {
	t.Parallel()
	const want = "signalwiretest: AddConference: -1 participants; a conference has 0 or more"
	tb := newTB(t)
	signalwiretest.NewServer(tb).AddConference(-1)
	require.Equal(t, []string{"fatal: " + want}, tb.failed())
	require.PanicsWithValue(t, want, func() { signalwiretest.NewHandler(t.Name()).AddConference(-1) })
}

func TestEmptyAndUnknownConference(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	conference, calls := handler.AddConference(0)
	require.Empty(t, calls)
	require.Empty(t, handler.Participants(conference))
	unknown, _ := signalwiretest.NewHandler("another").AddConference(1)
	require.Nil(t, handler.Participants(unknown))
}
