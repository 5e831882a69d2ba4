package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

func pointer[T any](v T) *T { return &v }

// TestGrownPagesLists holds that each of two lists in one response has an iterator.
func TestGrownPagesLists(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := `{"conferences":[` + conferenceJSON + `],"next_page_uri":""}`
		if uri := r.URL.RequestURI(); !strings.HasSuffix(uri, "Page=1") {
			body = `{"conferences":[],"skipped_rooms":[{"name":"a"}],"next_page_uri":"` + uri + `?Page=1"}`
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	client, err := signalwire.New("example", uuid.NewString(), "token", signalwire.WithBaseURL(server.URL))
	require.NoError(t, err)
	account := sid(t, signalwire.ParseAccountSid)
	var conferences, rooms []string
	for conference, err := range client.ListConferencesItems(t.Context(), account, nil) {
		require.NoError(t, err)
		conferences = append(conferences, conference.Sid.String())
	}
	for room, err := range client.ListConferencesSkippedRoomsItems(t.Context(), account, nil) {
		require.NoError(t, err)
		rooms = append(rooms, room.Name)
	}
	require.Equal(t, []string{account.String()}, conferences)
	require.Equal(t, []string{"a"}, rooms)
}
