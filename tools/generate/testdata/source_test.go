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

func pointer[T any](v T) *T { return &v }

func callJSON(server *signalwiretest.Server) string {
	return `{"sid":"3f0e6c1a-6a43-4f0e-9a53-0d4c8b1f7e21","account_sid":"` + server.ProjectID() + `",` +
		`"status":"queued","answered_by":null,"parent_call_sid":null,"conference_sid":"9b1d2c3e-4f50-4a6b-8c7d-8e9fa0b1c2d3",` +
		`"start_time":"2026-01-02T03:04:05Z","price":0.0123456789,"duration":"7"}`
}

func TestGrownGet(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	_, calls := server.AddConference(1)
	server.Script(signalwiretest.Unavailable(), answer(200, `{"calls":[`+callJSON(server)+`],"page":0,"page_size":50,"next_page_uri":"/next"}`))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

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
	requests := server.Requests()
	require.Len(t, requests, 2, "a GET is sent again")
	require.Contains(t, requests[1].Path, "?Status=queued,in-progress&StartTime=2026-01-02T03%3A04%3A05Z"+
		"&StartTime%3C=2026-01-02T03%3A04%3A05Z&StartTime%3E=2026-01-02T03%3A04%3A05Z&DateCreated%3C=2026-01-02&PageSize=10")

	_, err = server.Client().RetrieveCallWithResponse(t.Context(), server.Account(), calls[0])
	var apiError *signalwire.Error
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 501, apiError.StatusCode, "not imitated")

	server.Script(answer(200, `{"calls":"none"}`))
	undecoded, err := server.Client().ListCallsWithResponse(t.Context(), server.Account(), nil)
	require.Nil(t, undecoded)
	require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
	require.ErrorAs(t, err, &apiError)
	require.Equal(t, 200, apiError.StatusCode)
	require.False(t, apiError.MaybeApplied)

	server.Script(answer(200, `{"accounts":[],"page":0,"page_size":50,"uri":"/","next_page_uri":null}`))
	accounts, err := server.Client().ListAccountsWithResponse(t.Context(), &signalwire.ListAccountsParams{
		DurationMs: pointer(1), DurationMsBefore: pointer(2), DurationMsAfter: pointer(3),
	})
	require.NoError(t, err)
	require.Nil(t, accounts.JSON200.NextPageURI)
	requests = server.Requests()
	require.Contains(t, requests[len(requests)-1].Path, "/Accounts?duration_ms=1&duration_ms%3C=2&duration_ms%3E=3")
}

func TestGrownPost(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	client := server.Client()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
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
	require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
	requests := server.Requests()
	require.Len(t, requests, 1, "a POST is not sent again")
	require.Equal(t, "application/x-www-form-urlencoded", requests[0].Header.Get("Content-Type"))
	require.Equal(t, "BillingDay=2026-01-02&From=%2B1+%26+2&ParentCallSid="+parent.String()+"&Record=false"+
		"&ScheduledFor=2026-01-02T03%3A04%3A05Z&StatusCallbackEvent=initiated&StatusCallbackEvent=answered&Tag=5&To=",
		string(requests[0].Body))

	for status, get := range map[int]func(signalwire.CreateCallResponse) *signalwire.Call{
		200: signalwire.CreateCallResponse.GetJSON200,
		201: signalwire.CreateCallResponse.GetJSON201,
	} {
		server.Script(answer(status, callJSON(server)))
		response, err := post()
		require.NoError(t, err)
		require.EqualValues(t, "queued", get(*response).Status)
	}

	var apiError *signalwire.Error
	server.Script(answer(201, `{"sid":5}`))
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
	requests = server.Requests()
	require.Equal(t, "Status=completed", string(requests[len(requests)-1].Body))
}

func TestGrownDelete(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(1)
	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
	require.NoError(t, err)
	_, err = server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
	require.ErrorIs(t, err, signalwire.ErrNotFound)

	server.Script(answer(204, ""), answer(200, "{}"))
	_, err = server.Client().DeleteRecordingWithResponse(t.Context(), server.Account(), uuid.New())
	require.NoError(t, err)
	_, err = server.Client().DeleteRecordingWithResponse(t.Context(), server.Account(), uuid.New())
	require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
}
