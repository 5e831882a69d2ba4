package signalwire_test

import (
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// maxAllocs is how often a guarded call may allocate; see bench/RESULTS.md for
// how often it does. The race detector adds some, because it empties pools.
const maxAllocs = 26

// TestAllocations counts, so it does not depend on speed. It is not parallel,
// because others would be counted, too.
func TestAllocations(t *testing.T) {
	transport := sender(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})
	client, err := signalwire.New("example", testProject, testToken,
		signalwire.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	least := math.Inf(1) // What other goroutines allocate meanwhile is counted, too.
	for range 5 {
		least = min(least, testing.AllocsPerRun(100, func() {
			_, err = client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
		}))
		require.NoError(t, err)
	}
	require.LessOrEqual(t, least, float64(maxAllocs))
}
