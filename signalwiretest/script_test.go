package signalwiretest_test

import (
	"net/http"
	"net/http/httptest"
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
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := "signalwiretest: Script: " + tt.want
			tb := newTB(t)
			signalwiretest.NewServer(tb).Script(signalwiretest.NotFound(), tt.response)
			require.Equal(t, []string{"fatal: " + want}, tb.failed())
			require.PanicsWithValue(t, want, func() { signalwiretest.NewHandler(t.Name()).Script(tt.response) })
		})
	}
	signalwiretest.NewHandler(t.Name()).Script(signalwiretest.HTML(200), signalwiretest.HTML(599))
}
