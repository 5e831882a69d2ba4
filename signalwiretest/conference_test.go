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

func TestParticipantsAreCopies(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(3)
	before := server.Participants(conference)
	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
	require.NoError(t, err)
	require.Equal(t, calls, before)
	require.Equal(t, calls[1:], server.Participants(conference))
}
