package signalwire_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	openapi_types "github.com/oapi-codegen/runtime/types"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

func answer(status int, body string) signalwiretest.Response {
	return signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

func TestGrownGet(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(2)
	server.Script(signalwiretest.Unavailable(), answer(200, `{"participants":[{"account_sid":"`+server.ProjectID()+
		`","conference_sid":"`+conference.String()+`","call_sid":"`+calls[1].String()+`","label":null,"muted":true}],`+
		`"page":0,"page_size":50,"next_page_uri":null}`))
	muted, day := true, openapi_types.Date{Time: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}

	response, err := server.Client().ListParticipantsWithResponse(t.Context(), server.Account(), conference,
		&signalwire.ListParticipantsParams{Muted: &muted, DateCreated: &day, DateCreatedBefore: &day, DateCreatedAfter: &day})

	require.NoError(t, err)
	require.Nil(t, response.JSON200.NextPageURI)
	participant := response.JSON200.Participants[0]
	require.Nil(t, participant.Label)
	var call signalwire.CallSid = participant.CallSid
	require.Equal(t, calls[1], call)
	require.Equal(t, server.Account(), participant.AccountSid)
	requests := server.Requests()
	require.Len(t, requests, 2, "a GET is sent again")
	require.Contains(t, requests[1].Path, "?Muted=true&DateCreated=2026-01-02&DateCreated%3C=2026-01-02&DateCreated%3E=2026-01-02")

	_, err = server.Client().DeleteParticipantWithResponse(t.Context(), participant.AccountSid, participant.ConferenceSid, call)
	require.NoError(t, err)
	require.Equal(t, calls[:1], server.Participants(conference))
}

func TestGrownPost(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(1)
	client := server.Client()
	muted, url := true, "https://example.org/a b?c=d&e"
	post := func() (*signalwire.UpdateParticipantResponse, error) {
		return client.UpdateParticipantWithFormdataBodyWithResponse(t.Context(), server.Account(), conference, calls[0],
			signalwire.UpdateParticipantFormdataRequestBody{Muted: &muted, HoldURL: &url})
	}

	server.Script(signalwiretest.Unavailable())
	_, err := post()
	var apiError *signalwire.Error
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 503, apiError.StatusCode)
	require.True(t, apiError.MaybeApplied)
	requests := server.Requests()
	require.Len(t, requests, 1, "a POST is not sent again")
	require.Equal(t, "application/x-www-form-urlencoded", requests[0].Header.Get("Content-Type"))
	require.Equal(t, "HoldUrl=https%3A%2F%2Fexample.org%2Fa+b%3Fc%3Dd%26e&Muted=true", string(requests[0].Body))

	server.Script(signalwiretest.Unprocessable())
	_, err = post()
	require.ErrorIs(t, err, signalwire.ErrUnprocessable)
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 10000, apiError.Code, "a code within a list of errors, as a string")

	_, err = post()
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 501, apiError.StatusCode, "not imitated")
}

func TestGrownOtherSid(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	server.Script(answer(204, ""), signalwiretest.NotFound())
	var recording uuid.UUID = uuid.New()
	_, err := server.Client().DeleteRecordingWithResponse(t.Context(), server.Account(), recording)
	require.NoError(t, err)
	_, err = server.Client().DeleteRecordingWithResponse(t.Context(), server.Account(), recording)
	require.ErrorIs(t, err, signalwire.ErrNotFound)
}
