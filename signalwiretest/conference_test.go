package signalwiretest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
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

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	completed := signalwiretest.Conference{Status: signalwire.ConferenceStatusCompleted, Participants: make([]signalwiretest.Participant, 1)}
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	server.Add(completed)
	server.EndConference(signalwire.ConferenceSid{})
	require.Equal(t, []string{
		"fatal: signalwiretest: Add: a completed conference has no participants",
		"fatal: signalwiretest: EndConference: there is no such conference",
	}, tb.failed())
}

// TestRetrieveConference holds a conference's states, name and dates.
func TestRetrieveConference(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	client := server.Client()
	retrieve := func(sid signalwire.ConferenceSid) *signalwire.ConferenceResponse {
		response, err := client.RetrieveConferenceWithResponse(t.Context(), server.Account(), sid)
		require.NoError(t, err)
		require.Equal(t, sid, response.JSON200.Sid)
		require.Equal(t, server.Account(), response.JSON200.AccountSid)
		require.Contains(t, response.JSON200.URI, sid.String())
		require.Equal(t, response.JSON200.URI+"/Participants", response.JSON200.SubresourceUris.Participants)
		return response.JSON200
	}
	empty, _ := server.AddConference(0)
	require.Equal(t, signalwire.ConferenceStatusInit, retrieve(empty).Status)
	require.Equal(t, "conference 1", retrieve(empty).FriendlyName)
	require.Equal(t, "Mon, 24 Sept 2018 21:00:01 +0000", retrieve(empty).DateCreated)
	server.Join(empty, signalwiretest.Participant{})
	require.Equal(t, signalwire.ConferenceStatusInProgress, retrieve(empty).Status)
	server.EndConference(empty)
	server.EndConference(empty)
	ended := retrieve(empty)
	require.Equal(t, signalwire.ConferenceStatusCompleted, ended.Status)
	require.NotEqual(t, ended.DateCreated, ended.DateUpdated)

	created := time.Date(2026, 5, 6, 7, 8, 9, 10, time.FixedZone("", 3600))
	standup, _ := server.Add(signalwiretest.Conference{FriendlyName: "stand-up", Created: created, Status: signalwire.ConferenceStatusCompleted})
	require.Equal(t, signalwire.ConferenceStatusCompleted, retrieve(standup).Status)
	require.Equal(t, "stand-up", retrieve(standup).FriendlyName)
	require.Equal(t, "Wed, 06 May 2026 06:08:09 +0000", retrieve(standup).DateCreated)

	unknown, _ := signalwiretest.NewHandler("another").AddConference(1)
	_, err := client.RetrieveConferenceWithResponse(t.Context(), server.Account(), unknown)
	require.ErrorIs(t, err, signalwire.ErrNotFound)
	_, err = client.EnsureRemoved(t.Context(), server.Account(), unknown, must(signalwire.ParseCallSid(otherSid)))
	require.ErrorIs(t, err, signalwire.ErrUnknownConference)
	another := must(signalwire.ParseAccountSid(otherSid))
	_, err = client.RetrieveConferenceWithResponse(t.Context(), another, empty)
	require.ErrorIs(t, err, signalwire.ErrUnauthorized)
	_, err = client.ListAllConferencesWithResponse(t.Context(), another, nil)
	require.ErrorIs(t, err, signalwire.ErrUnauthorized)
	_, err = client.ListAllParticipantsWithResponse(t.Context(), server.Account(), unknown, nil)
	require.ErrorIs(t, err, signalwire.ErrNotFound)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestListConferences(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	day := func(day int) time.Time { return time.Date(2026, 1, day, 23, 59, 59, 0, time.UTC) }
	for _, each := range []signalwiretest.Conference{
		{FriendlyName: "a", Created: day(1)},
		{FriendlyName: "b", Created: day(2), Participants: make([]signalwiretest.Participant, 1)},
		{FriendlyName: "a", Created: day(3), Status: signalwire.ConferenceStatusCompleted},
	} {
		server.Add(each)
	}
	ptr := func(s string) *string { return &s }
	status := func(s signalwire.ConferenceStatus) *signalwire.ConferenceStatus { return &s }
	for _, tt := range []struct {
		name   string
		params signalwire.ListAllConferencesParams
		want   []int // days
	}{
		{"all", signalwire.ListAllConferencesParams{}, []int{1, 2, 3}},
		{"name", signalwire.ListAllConferencesParams{FriendlyName: ptr("a")}, []int{1, 3}},
		{"other case", signalwire.ListAllConferencesParams{FriendlyName: ptr("A")}, nil},
		{"status", signalwire.ListAllConferencesParams{Status: status("in-progress")}, []int{2}},
		{"name and status", signalwire.ListAllConferencesParams{FriendlyName: ptr("a"), Status: status("completed")}, []int{3}},
		{"day", signalwire.ListAllConferencesParams{DateCreated: ptr("2026-01-02")}, []int{2}},
		{"before", signalwire.ListAllConferencesParams{DateCreatedBefore: ptr("2026-01-02")}, []int{1}},
		{"after", signalwire.ListAllConferencesParams{DateCreatedAfter: ptr("2026-01-02")}, []int{3}},
		{"between", signalwire.ListAllConferencesParams{DateCreatedAfter: ptr("2026-01-01"), DateCreatedBefore: ptr("2026-01-03")}, []int{2}},
		{"updated", signalwire.ListAllConferencesParams{DateUpdatedAfter: ptr("2026-01-01")}, []int{2, 3}},
	} {
		response, err := server.Client().ListAllConferencesWithResponse(t.Context(), server.Account(), &tt.params)
		require.NoError(t, err, tt.name)
		var days []int
		for _, conference := range response.JSON200.Conferences {
			created, err := signalwire.ParseTime(conference.DateCreated)
			require.NoError(t, err)
			days = append(days, created.Day())
		}
		require.Equal(t, tt.want, days, tt.name)
	}
	_, err := server.Client().ListAllConferencesWithResponse(t.Context(), server.Account(), &signalwire.ListAllConferencesParams{DateCreated: ptr("yesterday")})
	require.ErrorIs(t, err, signalwire.ErrUnprocessable)
}

// TestSidsOfTheTestsChoice are what webhooks' fixtures have.
func TestSidsOfTheTestsChoice(t *testing.T) {
	t.Parallel()
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	sid, err := signalwire.ParseConferenceSid(otherSid)
	require.NoError(t, err)
	call, err := signalwire.ParseCallSid(otherSid)
	require.NoError(t, err)
	chosen := signalwiretest.Participant{CallSid: call}
	one, calls := server.Add(signalwiretest.Conference{Sid: sid, Participants: []signalwiretest.Participant{{}, chosen}})
	require.Equal(t, sid, one)
	require.Equal(t, call, calls[1])
	other, more := server.AddConference(1)
	require.NotEqual(t, calls[0], more[0])

	const text = "a CallSid is taken: somebody with this one is in a conference"
	server.Add(signalwiretest.Conference{Sid: sid})
	server.Add(signalwiretest.Conference{Participants: []signalwiretest.Participant{chosen}})
	server.Join(other, chosen)
	server.Join(other, signalwiretest.Participant{CallSid: more[0]})
	require.True(t, server.Leave(one, call), "they were there")
	server.Join(one, chosen)
	server.Add(signalwiretest.Conference{Participants: []signalwiretest.Participant{chosen, chosen}})
	require.Equal(t, []string{
		"fatal: signalwiretest: Add: there is a conference of this SID already",
		"fatal: signalwiretest: Add: " + text,
		"fatal: signalwiretest: Join: " + text + "; use Rejoin for who was there before",
		"fatal: signalwiretest: Join: " + text + "; use Rejoin for who was there before",
		"fatal: signalwiretest: Join: " + text + "; use Rejoin for who was there before",
		"fatal: signalwiretest: Add: " + text,
	}, tb.failed())

	require.Equal(t, call, server.Join(other, chosen), "they may join another conference")
	require.False(t, server.Rejoin(one, call), "they are there")
	server.EndConference(other)
	require.True(t, server.Rejoin(one, call), "they are in none")
	require.False(t, server.Rejoin(one, call), "they are in it")
	_, err = server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), one, call)
	require.NoError(t, err)
	require.True(t, server.Rejoin(one, call), "they were removed")
}
