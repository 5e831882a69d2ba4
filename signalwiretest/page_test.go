package signalwiretest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// TestPagesWhileTheyChange pages through 1,000 random conferences, whose
// participants come and go between the pages. Everybody who is there throughout is
// found, and nobody twice.
func TestPagesWhileTheyChange(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	client := server.Client()
	var found, changes int
	for n := range 1000 {
		random := rand.New(rand.NewPCG(1000, uint64(n)))
		size := 1 + random.IntN(20)
		if random.IntN(50) == 0 {
			size = 1 + random.IntN(1000)
		}
		conference, _ := server.AddConference(random.IntN(3*size + 1))
		throughout := make(map[signalwire.CallSid]bool)
		for _, call := range server.Participants(conference) {
			throughout[call] = true
		}
		var left []signalwire.CallSid
		change := func() {
			inside := server.Participants(conference)
			switch kind := random.IntN(3); {
			case kind == 0:
				server.Join(conference, signalwiretest.Participant{})
			case kind == 1 && len(inside) > 0:
				call := inside[random.IntN(len(inside))]
				require.True(t, server.Leave(conference, call))
				left = append(left, call)
				delete(throughout, call)
			case len(left) > 0:
				server.Rejoin(conference, left[random.IntN(len(left))])
			}
			changes++
		}
		seen := make(map[signalwire.CallSid]bool)
		for participant, err := range client.ListAllParticipantsItems(t.Context(), server.Account(), conference,
			&signalwire.ListAllParticipantsParams{PageSize: &size}) {
			require.NoError(t, err)
			require.False(t, seen[participant.CallSid], "conference %d: somebody is there twice", n)
			seen[participant.CallSid] = true
			if random.IntN(3) == 0 {
				change()
			}
		}
		for call := range throughout {
			require.True(t, seen[call], "conference %d: somebody who stayed is missing", n)
		}
		found += len(seen)
	}
	t.Logf("%d pages with %d participants, and %d changes between", len(server.Requests()), found, changes)

	// The conferences themselves, some of which end meanwhile.
	size, status := 37, signalwire.ConferenceStatusInProgress
	seen := make(map[signalwire.ConferenceSid]bool)
	ended := make(map[signalwire.ConferenceSid]bool)
	random := rand.New(rand.NewPCG(1000, 1000))
	var all []signalwire.ConferenceSid
	params := &signalwire.ListAllConferencesParams{Status: &status, PageSize: &size}
	for conference, err := range client.ListAllConferencesItems(t.Context(), server.Account(), params) {
		require.NoError(t, err)
		all = append(all, conference.Sid)
	}
	for conference, err := range client.ListAllConferencesItems(t.Context(), server.Account(), params) {
		require.NoError(t, err)
		require.False(t, seen[conference.Sid])
		seen[conference.Sid] = true
		switch random.IntN(3) {
		case 0:
			sid := all[random.IntN(len(all))]
			server.EndConference(sid)
			ended[sid] = true
		case 1:
			if len(seen) < 500 {
				server.AddConference(1)
			}
		}
	}
	require.Greater(t, len(all), 900)
	for _, sid := range all {
		require.True(t, seen[sid] || ended[sid])
	}
}

// get sends a request with the right credentials, and decodes the response.
func get(t *testing.T, handler *signalwiretest.Handler, path string) (status int, body map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	return w.Code, body
}

func calls(page map[string]any) (sids []string) {
	for _, each := range page["participants"].([]any) {
		sids = append(sids, each.(map[string]any)["call_sid"].(string))
	}
	return sids
}

func TestPage(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	conference, sids := handler.AddConference(7)
	var all []string
	for _, sid := range sids {
		all = append(all, sid.String())
	}
	path := signalwiretest.BasePath + "/Accounts/" + handler.ProjectID() + "/Conferences/" + conference.String() + "/Participants"

	status, page := get(t, handler, path)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, all, calls(page))
	require.EqualValues(t, 50, page["page_size"])
	require.Nil(t, page["next_page_uri"])
	require.Nil(t, page["previous_page_uri"])

	_, page = get(t, handler, path+"?PageSize=3&Muted=false")
	require.Equal(t, all[:3], calls(page))
	require.EqualValues(t, 3, page["page_size"])
	require.Equal(t, path+"?PageSize=3&Muted=false", page["uri"])
	require.Equal(t, path+"?Muted=false&Page=0&PageSize=3", page["first_page_uri"])
	next := page["next_page_uri"].(string)
	query, err := url.Parse(next)
	require.NoError(t, err)
	require.Equal(t, path, query.Path)
	require.Equal(t, "1", query.Query().Get("Page"))
	require.Equal(t, "false", query.Query().Get("Muted"))
	require.Regexp(t, "^PA[0-9a-f]{32}$", query.Query().Get("PageToken"))

	// The first page shrinks, and the second one stays.
	require.True(t, handler.Leave(conference, sids[0]))
	_, page = get(t, handler, next)
	require.Equal(t, all[3:6], calls(page))
	require.EqualValues(t, 1, page["page"])
	_, last := get(t, handler, page["next_page_uri"].(string))
	require.Equal(t, all[6:], calls(last))
	require.Nil(t, last["next_page_uri"])
	_, page = get(t, handler, last["previous_page_uri"].(string))
	require.Equal(t, all[3:6], calls(page))
	require.EqualValues(t, 1, page["page"])
	_, page = get(t, handler, page["previous_page_uri"].(string))
	require.Equal(t, all[1:3], calls(page))
	require.Nil(t, page["previous_page_uri"])

	_, page = get(t, handler, path+"?PageSize=2&Page=2")
	require.Equal(t, all[5:], calls(page), "without a token, a page is an offset")
	_, page = get(t, handler, path+"?PageSize=2&Page=9")
	require.Empty(t, calls(page))
	for _, token := range []string{"x", "PA", "PB1", "PA" + strings.Repeat("g", 32), "PA" + strings.Repeat("f", 32), "PC" + strings.Repeat("0", 32), "PA" + strings.Repeat("0", 33)} {
		status, page = get(t, handler, path+"?PageToken="+token)
		require.Equal(t, http.StatusBadRequest, status, token)
		require.EqualValues(t, 10000, page["code"])
	}
	require.Empty(t, handler.Violations())
}

func TestPageSizesOfTheContract(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	conference, _ := handler.AddConference(1)
	for size, valid := range map[string]bool{"1": true, "1000": true, "0": false, "1001": false, "-1": false, "x": false} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/Accounts/%s/Conferences/%s/Participants?PageSize=%s",
			signalwiretest.BasePath, handler.ProjectID(), conference, size), nil)
		r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, valid, w.Code == http.StatusOK, size)
	}
	require.Len(t, handler.Violations(), 4)
}
