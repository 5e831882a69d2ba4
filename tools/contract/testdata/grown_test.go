package api_test

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

// respond scripts one response.
func respond(server *signalwiretest.Server, status int, body string) {
	server.Script(signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})))
}

func pointer[T any](v T) *T { return &v }

// lastRequest is the path and query, and the body, that arrived last.
func lastRequest(server *signalwiretest.Server) (path, body string) {
	requests := server.Requests()
	return requests[len(requests)-1].Path, string(requests[len(requests)-1].Body)
}

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func callJSON(account signalwire.AccountSid) string {
	return `{"sid":"3f0e6c1a-6a43-4f0e-9a53-0d4c8b1f7e21","account_sid":"` + account.String() + `",` +
		`"status":"queued","answered_by":null,"parent_call_sid":null,"conference_sid":"9b1d2c3e-4f50-4a6b-8c7d-8e9fa0b1c2d3",` +
		`"start_time":"2026-01-02T03:04:05Z","price":0.0123456789,"duration":"7"}`
}

func TestGrownGet(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	server.Script(signalwiretest.Unavailable())
	respond(server, 200, `{"calls":[`+callJSON(server.Account())+`],"next_page_uri":"/next"}`)

	response, err := server.Client().ListCallsWithResponse(t.Context(), server.Account(), &signalwire.ListCallsParams{
		Status:            &[]signalwire.CallStatus{"queued", "in-progress"},
		StartTime:         &at,
		StartTimeBefore:   &at,
		StartTimeAfter:    &at,
		DateCreatedBefore: &openapi_types.Date{Time: at},
		PageSize:          pointer(10),
	})

	require.NoError(t, err)
	require.Equal(t, "/next", *response.JSON200.NextPageURI)
	call := response.JSON200.Calls[0]
	var account signalwire.AccountSid = call.AccountSid
	require.Equal(t, server.Account(), account)
	var conference *signalwire.ConferenceSid = call.ConferenceSid
	require.NotNil(t, conference)
	require.Equal(t, at, *call.StartTime)
	require.InEpsilon(t, 0.0123456789, *call.Price, 1e-12)
	require.Equal(t, "7", call.Duration)
	require.Nil(t, call.AnsweredBy)
	require.Nil(t, call.ParentCallSid)
	require.Len(t, server.Requests(), 2, "a GET is sent again")
	path, _ := lastRequest(server)
	require.Contains(t, path, "?Status=queued,in-progress&StartTime=2026-01-02T03%3A04%3A05Z"+
		"&StartTime%3C=2026-01-02T03%3A04%3A05Z&StartTime%3E=2026-01-02T03%3A04%3A05Z&DateCreated%3C=2026-01-02&PageSize=10")

	respond(server, 200, `{"calls":"none"}`)
	undecoded, err := server.Client().ListCallsWithResponse(t.Context(), server.Account(), nil)
	require.Nil(t, undecoded)
	var apiError *signalwire.Error
	require.ErrorAs(t, err, &apiError)
	require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
	require.Equal(t, 200, apiError.StatusCode)
	require.False(t, apiError.MaybeApplied)

	respond(server, 200, `{"accounts":[],"page":0,"page_size":50,"next_page_uri":null}`)
	accounts, err := server.Client().ListAccountsWithResponse(t.Context(), &signalwire.ListAccountsParams{
		DurationMs: pointer(1), DurationMsBefore: pointer(2), DurationMsAfter: pointer(3),
	})
	require.NoError(t, err)
	require.Nil(t, accounts.JSON200.NextPageURI)
	path, _ = lastRequest(server)
	require.Contains(t, path, "/Accounts?duration_ms=1&duration_ms%3C=2&duration_ms%3E=3")
}

func TestGrownPost(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	client := server.Client()
	parent, err := signalwire.ParseCallSid(uuid.NewString())
	require.NoError(t, err)
	post := func() (*signalwire.CreateCallResponse, error) {
		return client.CreateCallWithFormdataBodyWithResponse(t.Context(), server.Account(), signalwire.CreateCallFormdataRequestBody{
			From:                "+1 & 2",
			To:                  "",
			Record:              pointer(false),
			StatusCallbackEvent: &[]signalwire.CreateCallRequestStatusCallbackEvent{"initiated", "answered"},
			ScheduledFor:        &at,
			BillingDay:          &openapi_types.Date{Time: at},
			ParentCallSid:       &parent,
			Tag:                 5,
		})
	}

	server.Script(signalwiretest.Unavailable())
	_, err = post()
	var apiError *signalwire.Error
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 503, apiError.StatusCode)
	require.True(t, apiError.MaybeApplied)
	requests := server.Requests()
	require.Len(t, requests, 1, "a POST is not sent again")
	require.Equal(t, "application/x-www-form-urlencoded", requests[0].Header.Get("Content-Type"))
	_, body := lastRequest(server)
	require.Equal(t, "BillingDay=2026-01-02&From=%2B1+%26+2&ParentCallSid="+parent.String()+"&Record=false"+
		"&ScheduledFor=2026-01-02T03%3A04%3A05Z&StatusCallbackEvent=initiated&StatusCallbackEvent=answered&Tag=5&To=", body)

	for status, get := range map[int]func(signalwire.CreateCallResponse) *signalwire.Call{
		200: signalwire.CreateCallResponse.GetJSON200,
		201: signalwire.CreateCallResponse.GetJSON201,
	} {
		respond(server, status, callJSON(server.Account()))
		response, err := post()
		require.NoError(t, err)
		require.EqualValues(t, "queued", get(*response).Status)
	}

	respond(server, 201, `{"sid":5}`)
	_, err = post()
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 201, apiError.StatusCode, "what does not decode keeps its status")
	require.True(t, apiError.MaybeApplied)

	// Both kinds of code, as the contract has them.
	server.Script(signalwiretest.BadRequest())
	_, err = post()
	require.ErrorIs(t, err, signalwire.ErrBadRequest)
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 10000, apiError.Code)
	require.Contains(t, string(apiError.Body()), `"code":"10000"`)
	server.Script(signalwiretest.Unprocessable())
	_, err = post()
	require.ErrorIs(t, err, signalwire.ErrUnprocessable)
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 10000, apiError.Code)
	require.Contains(t, string(apiError.Body()), `"code":10000`)

	status := signalwire.UpdateCallFormdataBodyStatus("completed")
	_, err = client.UpdateCallWithFormdataBodyWithResponse(t.Context(), server.Account(), parent,
		signalwire.UpdateCallFormdataRequestBody{Status: &status})
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 501, apiError.StatusCode, "not imitated")
	_, body = lastRequest(server)
	require.Equal(t, "Status=completed", body)
}

func TestGrownParticipants(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	client := server.Client()
	conference, calls := server.AddConference(2)
	respond(server, 200, `{"participants":[{"account_sid":"`+server.Account().String()+`","conference_sid":"`+conference.String()+
		`","call_sid":"`+calls[1].String()+`","label":null,"muted":true}],"next_page_uri":null}`)

	day := openapi_types.Date{Time: at}
	response, err := client.ListParticipantsWithResponse(t.Context(), server.Account(), conference,
		&signalwire.ListParticipantsParams{Muted: pointer(true), DateCreated: &day, DateCreatedAfter: &day})
	require.NoError(t, err)
	path, _ := lastRequest(server)
	require.Contains(t, path, "?Muted=true&DateCreated=2026-01-02&DateCreated%3E=2026-01-02")
	require.Nil(t, response.JSON200.NextPageURI)
	participant := response.JSON200.Participants[0]
	require.Nil(t, participant.Label)

	server.Script(signalwiretest.Unprocessable())
	_, err = client.UpdateParticipantWithFormdataBodyWithResponse(t.Context(), participant.AccountSid, participant.ConferenceSid, participant.CallSid,
		signalwire.UpdateParticipantFormdataRequestBody{Muted: pointer(true), HoldURL: pointer("https://example.org/a b?c=d&e")})
	var apiError *signalwire.Error
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 10000, apiError.Code, "a code within a list of errors, as a string")
	_, body := lastRequest(server)
	require.Equal(t, "HoldUrl=https%3A%2F%2Fexample.org%2Fa+b%3Fc%3Dd%26e&Muted=true", body)

	// What one response returns goes into the next call.
	_, err = client.DeleteParticipantWithResponse(t.Context(), participant.AccountSid, participant.ConferenceSid, participant.CallSid)
	require.NoError(t, err)
	require.Equal(t, calls[:1], server.Participants(conference))
	_, err = client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[1])
	require.ErrorIs(t, err, signalwire.ErrNotFound)

	respond(server, 204, "")
	respond(server, 200, "{}")
	_, err = client.DeleteRecordingWithResponse(t.Context(), server.Account(), uuid.New())
	require.NoError(t, err)
	_, err = client.DeleteRecordingWithResponse(t.Context(), server.Account(), uuid.New())
	require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
}
