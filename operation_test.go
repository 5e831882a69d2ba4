package signalwire_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// TestDocumentedSuccess: what a generated method returns without an error is what
// the contract documents, and it was decoded.
func TestDocumentedSuccess(t *testing.T) {
	t.Parallel()
	conference := fmt.Sprintf(`{"sid":%q,"friendly_name":"a"}`, testConference)
	long := strings.Repeat(" ", 2<<20)
	for _, tt := range []struct {
		name        string
		status      int
		contentType string
		body        string
		want        string // why it is unexpected, or "" for a success
	}{
		{"as documented", 200, "application/json", conference, ""},
		{"with a parameter", 200, "application/json; charset=utf-8", conference, ""},
		{"in capitals", 200, "APPLICATION/JSON", conference, ""},
		{"long", 200, "application/json", conference + long, ""},
		{"no body", 200, "application/json", "", "the body is empty"},
		{"no type", 200, "", conference, "not a documented Content-Type"},
		{"malformed type", 200, "application/json;=", conference, "not a documented Content-Type"},
		{"another JSON type", 200, "application/hal+json", conference, "not a documented Content-Type"},
		{"HTML", 200, "text/html", wiretest.HTML, "the body is not JSON"},
		{"HTML said to be JSON", 200, "application/json", wiretest.HTML, "the body is not JSON"},
		{"cut JSON", 200, "application/json", conference[:20], "the body is not JSON"},
		{"JSON with something after it", 200, "application/json", conference + "x", "the body is not JSON"},
		{"null", 200, "application/json", " null\n", "the body is null"},
		{"a list", 200, "application/json", "[]", "the body does not decode"},
		{"a number for a SID", 200, "application/json", `{"sid":5}`, "the body does not decode at sid"},
		{"a list for a text", 200, "application/json", `{"friendly_name":["secret"]}`, "the body does not decode at friendly_name"},
		{"a malformed SID", 200, "application/json", `{"sid":"secret"}`, "the body does not decode"},
		{"long, and undecodable", 200, "application/json", "[]" + long, "the body does not decode"},
		{"a mebibyte, and undecodable", 200, "application/json", "[]" + long[:1<<20-2], "the body does not decode"},
		{"201", 201, "application/json", conference, "not a documented status"},
		{"204", 204, "", "", "not a documented status"},
		{"206", 206, "application/json", conference, "not a documented status"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := newMemoryClient(t, &signalwire.Doer{HTTPClient: wiretest.Returns(tt.status, tt.body, "Content-Type", tt.contentType)})
			response, err := client.RetrieveConferenceWithResponse(t.Context(), testAccount, testConference)
			raw, rawErr := client.RetrieveConference(t.Context(), testAccount, testConference)
			if tt.want == "" {
				require.NoError(t, err)
				require.Equal(t, testConference, response.JSON200.Sid)
				require.Equal(t, tt.body, string(response.Body))
				require.NoError(t, rawErr)
				body, err := io.ReadAll(raw.Body)
				require.NoError(t, err)
				require.NoError(t, raw.Body.Close())
				require.Equal(t, tt.body, string(body))
				return
			}
			require.Nil(t, response)
			for _, err := range []error{err, rawErr} {
				require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
				unexpected := requireAPIError(t, err)
				require.Equal(t, tt.status, unexpected.StatusCode)
				require.Equal(t, 1, unexpected.Attempts)
				if len(tt.body) <= 1<<20 {
					require.Equal(t, tt.body, string(unexpected.Body()))
				} else {
					require.Empty(t, unexpected.Body(), "more than the limit for errors")
				}
				require.False(t, unexpected.MaybeApplied, "MaybeApplied of %v", err)
				require.True(t, strings.HasSuffix(err.Error(), tt.want), "%v", err)
				require.NotContains(t, err.Error(), "secret")
			}
		})
	}
}
