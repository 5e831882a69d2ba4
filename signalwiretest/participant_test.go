package signalwiretest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

func participantsOf(t *testing.T, server *signalwiretest.Server, conference signalwire.ConferenceSid, params *signalwire.ListAllParticipantsParams) (sids []signalwire.CallSid) {
	t.Helper()
	for participant, err := range server.Client().ListAllParticipantsItems(t.Context(), server.Account(), conference, params) {
		require.NoError(t, err)
		sids = append(sids, participant.CallSid)
	}
	return sids
}

func TestParticipantFlags(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.Add(signalwiretest.Conference{Participants: []signalwiretest.Participant{
		{Muted: true}, {Hold: true, EndConferenceOnExit: true}, {Muted: true, Hold: true}, {StartConferenceOnEnter: true},
	}})
	coach := server.Join(conference, signalwiretest.Participant{Coaching: true, Coaches: calls[0]})
	response, err := server.Client().RetrieveParticipantWithResponse(t.Context(), server.Account(), conference, coach)
	require.NoError(t, err)
	require.True(t, response.JSON200.Coaching)
	require.Equal(t, calls[0], *response.JSON200.CallSidToCoach)
	require.Equal(t, signalwire.ParticipantStatusInProgress, response.JSON200.Status)
	joined, err := signalwire.ParseTime(response.JSON200.DateCreated)
	require.NoError(t, err)

	var flags []signalwiretest.Participant
	for participant, err := range server.Client().ListAllParticipantsItems(t.Context(), server.Account(), conference, nil) {
		require.NoError(t, err)
		require.Equal(t, server.Account(), participant.AccountSid)
		require.Equal(t, conference, participant.ConferenceSid)
		flags = append(flags, signalwiretest.Participant{
			Muted: participant.Muted, Hold: participant.Hold,
			EndConferenceOnExit: participant.EndConferenceOnExit, StartConferenceOnEnter: participant.StartConferenceOnEnter,
		})
		at, err := signalwire.ParseTime(participant.DateCreated)
		require.NoError(t, err)
		require.False(t, at.After(joined))
	}
	require.Equal(t, []signalwiretest.Participant{
		{Muted: true}, {Hold: true, EndConferenceOnExit: true}, {Muted: true, Hold: true}, {StartConferenceOnEnter: true}, {},
	}, flags)

	yes, no := true, false
	require.Equal(t, []signalwire.CallSid{calls[0], calls[2]}, participantsOf(t, server, conference, &signalwire.ListAllParticipantsParams{Muted: &yes}))
	require.Equal(t, []signalwire.CallSid{calls[1]}, participantsOf(t, server, conference, &signalwire.ListAllParticipantsParams{Muted: &no, Hold: &yes}))
}

// TestLeaveAndRejoin has participants who come and go by themselves.
func TestLeaveAndRejoin(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	client := server.Client()
	conference, calls := server.AddConference(3)
	require.False(t, server.Rejoin(conference, calls[1]), "they are there")
	require.True(t, server.Leave(conference, calls[1]))
	require.False(t, server.Leave(conference, calls[1]), "they have left")
	require.Equal(t, []signalwire.CallSid{calls[0], calls[2]}, server.Participants(conference))
	_, err := client.RetrieveParticipantWithResponse(t.Context(), server.Account(), conference, calls[1])
	require.ErrorIs(t, err, signalwire.ErrNotFound)
	removal, err := client.EnsureRemoved(t.Context(), server.Account(), conference, calls[1])
	require.NoError(t, err)
	require.Equal(t, signalwire.Absent, removal)

	require.True(t, server.Rejoin(conference, calls[1]))
	require.Equal(t, calls, server.Participants(conference), "in the order in which they first joined")
	removal, err = client.EnsureRemoved(t.Context(), server.Account(), conference, calls[1])
	require.NoError(t, err)
	require.Equal(t, signalwire.Removed, removal)
	require.True(t, server.Rejoin(conference, calls[1]), "who was removed may come back")

	unknown, other := signalwiretest.NewHandler("another").AddConference(1)
	require.False(t, server.Leave(unknown, other[0]))
	require.False(t, server.Rejoin(unknown, other[0]))
	require.False(t, server.Rejoin(conference, other[0]))
}

func TestEndConferenceOnExit(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*signalwiretest.Server, signalwire.ConferenceSid, signalwire.CallSid){
		"removed": func(server *signalwiretest.Server, conference signalwire.ConferenceSid, call signalwire.CallSid) {
			_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call)
			require.NoError(t, err)
		},
		"leaves": func(server *signalwiretest.Server, conference signalwire.ConferenceSid, call signalwire.CallSid) {
			require.True(t, server.Leave(conference, call))
		},
	} {
		server := signalwiretest.NewServer(t)
		client := server.Client()
		conference, calls := server.Add(signalwiretest.Conference{Participants: []signalwiretest.Participant{{}, {EndConferenceOnExit: true}, {}}})
		leave(server, conference, calls[1])
		require.Empty(t, server.Participants(conference), name)
		require.Empty(t, participantsOf(t, server, conference, nil), name)
		response, err := client.RetrieveConferenceWithResponse(t.Context(), server.Account(), conference)
		require.NoError(t, err, name)
		require.Equal(t, signalwire.ConferenceStatusCompleted, response.JSON200.Status, name)
		for _, call := range calls {
			_, err = client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call)
			var apiError *signalwire.Error
			require.ErrorAs(t, err, &apiError, name)
			require.Equal(t, http.StatusBadRequest, apiError.StatusCode, name)
			require.Equal(t, 10000, apiError.Code, name)
			require.False(t, server.Rejoin(conference, call), name)
		}
		removal, err := client.EnsureRemoved(t.Context(), server.Account(), conference, calls[0])
		require.NoError(t, err, name)
		require.Equal(t, signalwire.Absent, removal, name)
	}
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	const want = "signalwiretest: Join: there is no such conference, or it is completed"
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	conference, _ := server.AddConference(1)
	server.EndConference(conference)
	server.Join(conference, signalwiretest.Participant{})
	server.Join(signalwire.ConferenceSid{}, signalwiretest.Participant{})
	require.Equal(t, []string{"fatal: " + want, "fatal: " + want}, tb.failed())
	handler := signalwiretest.NewHandler(t.Name())
	require.PanicsWithValue(t, want, func() { handler.Join(conference, signalwiretest.Participant{}) })
	require.Nil(t, handler.Participants(conference), "the lock is free")
}
