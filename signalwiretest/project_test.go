package signalwiretest_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

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
