package signalwire_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// maxAllocs is how often a guarded call may allocate: the two of the round
// tripper below are included, and one more under the race detector. A bare
// generated call allocates 33 times; see bench/RESULTS.md.
const maxAllocs = 40 + 1

// TestAllocations counts, so it does not depend on speed. It is not parallel,
// because others would be counted, too.
func TestAllocations(t *testing.T) {
	transport := sender(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})
	client, err := signalwire.New("example", testProject, testToken,
		signalwire.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	allocs := testing.AllocsPerRun(100, func() {
		_, err = client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
	})
	require.NoError(t, err)
	require.LessOrEqual(t, allocs, float64(maxAllocs))
}
