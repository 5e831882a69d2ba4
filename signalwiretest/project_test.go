package signalwiretest_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// TestNamesMakeAccounts pins what one name makes, so that the output of tests
// does not change from version to version either.
func TestNamesMakeAccounts(t *testing.T) {
	t.Parallel()
	of := func(name string) []string {
		handler := signalwiretest.NewHandler(name)
		conference, calls := handler.AddConference(1)
		second, more := handler.AddConference(1)
		require.Equal(t, handler.Account().String(), handler.ProjectID())
		return []string{handler.ProjectID(), handler.APIToken(), conference.String(), calls[0].String(), second.String(), more[0].String()}
	}
	require.Equal(t, []string{
		"36043266-e4e9-4749-9992-81eb35ff7ee1",
		"PTtestf3fba02673b16ba6bc39e294219d420a",
		"5179898c-7147-4491-b66b-97ef80857fc1",
		"2d52b9a1-0ac6-4e2f-b9e4-b5731fc1aca2",
		"0168f2d3-6c97-45e5-97a0-6004bfb3940b",
		"784a89f5-7e11-4932-b719-3a07cf48cdac",
	}, of("moderation"))
	seen := make(map[string]string)
	for _, name := range []string{"", "moderation", "moderation 2", `"moderation`, "moderation call 0"} {
		values := of(name)
		require.Equal(t, values, of(name))
		for i, value := range values {
			require.NotContains(t, seen, value, "of %q, too", seen[value])
			seen[value] = name
			if i == 1 {
				require.Regexp(t, `^PTtest[0-9a-f]{32}$`, value)
				continue
			}
			id, err := uuid.Parse(value)
			require.NoError(t, err)
			require.Equal(t, uuid.RFC4122, id.Variant())
			require.EqualValues(t, 4, id.Version())
		}
	}
}

// TestProjectsAreKeptApart uses the credentials of each project for the account of
// each.
func TestProjectsAreKeptApart(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	other := server.AddProject("other")
	below := server.AddSubproject("below")
	deep := below.AddSubproject("deep")
	projects := []*signalwiretest.Project{server.Project, other, below, deep}
	may := [][]bool{
		{true, false, true, true},
		{false, true, false, false},
		{false, false, true, true},
		{false, false, false, true},
	}
	seen := make(map[string]bool)
	for i, caller := range projects {
		require.False(t, seen[caller.ProjectID()] || seen[caller.APIToken()], "credentials of another")
		seen[caller.ProjectID()], seen[caller.APIToken()] = true, true
		client := server.ClientOf(caller)
		for j, owner := range projects {
			conference, calls := owner.AddConference(1)
			_, err := client.DeleteParticipantWithResponse(t.Context(), owner.Account(), conference, calls[0])
			if may[i][j] {
				require.NoError(t, err, "%d for %d", i, j)
				require.Empty(t, owner.Participants(conference))
				continue
			}
			require.ErrorIs(t, err, signalwire.ErrUnauthorized, "%d for %d", i, j)
			require.Equal(t, calls, owner.Participants(conference))
		}
	}
	conference, calls := other.AddConference(1)
	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
	require.ErrorIs(t, err, signalwire.ErrNotFound, "another's conference")
}

func TestProjectNamesAreTaken(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	handler.AddProject("one")
	handler.AddSubproject("one").AddSubproject("one")
	require.PanicsWithValue(t, "signalwiretest: AddProject: there is one of this name already", func() { handler.AddProject("one") })
	require.PanicsWithValue(t, "signalwiretest: AddSubproject: there is one of this name already", func() { handler.AddSubproject("one") })
	require.Equal(t, handler.AddProject("two").ProjectID(), func() string {
		again := signalwiretest.NewHandler(t.Name())
		return again.AddProject("two").ProjectID()
	}(), "a name makes a project")
}

// TestProjectsHaveWebhooksOfTheirOwn has somebody join in each.
func TestProjectsHaveWebhooksOfTheirOwn(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	other := handler.AddProject("other")
	hook := newReceiver(t, nil)
	other.PostCallbacks(signalwiretest.Callbacks{URL: hookURL, SigningKey: hookKey, Receiver: hook})
	handler.AddConference(1)
	other.AddConference(1)
	handler.WaitForCallbacks()
	other.WaitForCallbacks()
	require.Len(t, hook.received(), 2)
	require.Equal(t, other.Account(), hook.last.AccountSid)
}
