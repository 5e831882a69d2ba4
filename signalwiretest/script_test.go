package signalwiretest_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

func TestScriptIsConsumedInOrder(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(1)
	server.Script(signalwiretest.Unavailable())
	server.Script(signalwiretest.ActThenDisconnect(), signalwiretest.Response{})

	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

	var apiError *signalwire.Error
	require.ErrorAs(t, err, &apiError)
	require.ErrorIs(t, err, signalwire.ErrNotFound)
	require.True(t, apiError.MaybeApplied, "the request that was cut off removed the participant")
	require.Empty(t, server.Participants(conference))
	var statuses []int
	for _, request := range server.Requests() {
		statuses = append(statuses, request.StatusCode)
		require.Equal(t, http.MethodDelete, request.Method)
		require.Equal(t, pathOf(server.ProjectID(), conference.String(), calls[0].String()), request.Path)
		require.Equal(t, []string{"[redacted]"}, request.Header["Authorization"])
		require.Equal(t, "application/json", request.Header.Get("Accept"))
		require.Empty(t, request.Body)
	}
	require.Equal(t, []int{503, 0, 404}, statuses)
}

// TestScriptIsNotForViolations sends a stray request before the one that the
// script is for.
func TestScriptIsNotForViolations(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	handler.Script(signalwiretest.Unavailable())
	for _, tt := range []struct {
		path string
		want int
	}{
		{"/favicon.ico", http.StatusNotFound},
		{pathOf(handler.ProjectID(), otherSid, otherSid), http.StatusServiceUnavailable},
		{pathOf(handler.ProjectID(), otherSid, otherSid), http.StatusNotFound},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, tt.path, nil)
		r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, tt.want, w.Code)
	}
}

func TestScriptRefusesMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		response signalwiretest.Response
		want     string
	}{
		{"nil handler", signalwiretest.Handle(nil), "Handle(nil): the handler is nil"},
		{"nil function", signalwiretest.Handle(http.HandlerFunc(nil)), "Handle(nil): the handler is nil"},
		{"no status", signalwiretest.HTML(0), "HTML(0): the status of a response is 200 to 599"},
		{"interim status", signalwiretest.HTML(199), "HTML(199): the status of a response is 200 to 599"},
		{"high status", signalwiretest.HTML(600), "HTML(600): the status of a response is 200 to 599"},
		{"no error", signalwiretest.APIError(399, 0, ""), "APIError(399): the status of an error is 400 to 599"},
		{"high error", signalwiretest.APIError(600, 0, ""), "APIError(600): the status of an error is 400 to 599"},
		{"negative delay", signalwiretest.After(-1, signalwiretest.NotFound()), "After(-1ns): the delay is negative"},
		{"in After", signalwiretest.After(1, signalwiretest.HTML(0)), "HTML(0): the status of a response is 200 to 599"},
		{"in ActThen", signalwiretest.ActThen(signalwiretest.HTML(0)), "HTML(0): the status of a response is 200 to 599"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := "signalwiretest: Script: " + tt.want
			tb := newTB(t)
			server := signalwiretest.NewServer(tb)
			server.Script(signalwiretest.NotFound(), tt.response)
			require.Equal(t, []string{"fatal: " + want}, tb.failed())
			require.Empty(t, server.Unused())
			require.PanicsWithValue(t, want, func() { signalwiretest.NewHandler(t.Name()).Script(tt.response) })
		})
	}
	signalwiretest.NewHandler(t.Name()).Script(signalwiretest.HTML(200), signalwiretest.HTML(599),
		signalwiretest.APIError(400, 0, ""), signalwiretest.APIError(599, 0, ""), signalwiretest.After(0, signalwiretest.Response{}))
	require.PanicsWithValue(t, "signalwiretest: ScriptFor: the call SID is zero", func() {
		signalwiretest.NewHandler(t.Name()).ScriptFor(signalwire.CallSid{}, signalwiretest.NotFound())
	})
}

// TestScriptForACall has callers at work while the requests of one of them fail.
func TestScriptForACall(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(50)
	unlucky := calls[17]
	server.ScriptFor(unlucky, signalwiretest.NotFound())
	server.ScriptFor(calls[3], signalwiretest.Response{})
	server.ScriptFor(unlucky, signalwiretest.NotFound())
	client := server.Client()
	var workers sync.WaitGroup
	for _, call := range calls {
		workers.Go(func() {
			_, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call)
			if call != unlucky {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, signalwire.ErrNotFound)
			_, err = client.RetrieveParticipantWithResponse(t.Context(), server.Account(), conference, call)
			require.ErrorIs(t, err, signalwire.ErrNotFound, "a request of any method")
		})
	}
	workers.Wait()
	require.Equal(t, []signalwire.CallSid{unlucky}, server.Participants(conference))
}

// TestScriptForComesFirst: a request uses up one response, and that of its call.
func TestScriptForComesFirst(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(2)
	server.Script(signalwiretest.BadRequest(), signalwiretest.Response{})
	server.ScriptFor(calls[0], signalwiretest.NotFound())
	remove := func(call signalwire.CallSid) error {
		_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call)
		return err
	}
	require.ErrorIs(t, remove(calls[0]), signalwire.ErrNotFound)
	require.ErrorIs(t, remove(calls[0]), signalwire.ErrBadRequest)
	require.NoError(t, remove(calls[0]))
	require.NoError(t, remove(calls[1]))
}

// TestUnusedScriptFailsTheTest, and says where it is.
func TestUnusedScriptFailsTheTest(t *testing.T) {
	t.Parallel()
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	conference, calls := server.AddConference(2)
	line := nextLine()
	server.Script(signalwiretest.Response{}, signalwiretest.NotFound())
	lineFor := nextLine()
	server.ScriptFor(calls[1], signalwiretest.NotFound())
	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
	require.NoError(t, err)
	require.Empty(t, tb.failed())
	want := []string{
		line + ": signalwiretest: no request has used a response of this script",
		lineFor + ": signalwiretest: no request for the call " + calls[1].String() + " has used a response of this script",
	}
	require.Len(t, server.Unused(), 2)

	tb.end()

	require.Equal(t, want, tb.failed())
}
