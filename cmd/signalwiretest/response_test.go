package main

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/internal/wiretest"
)

// TestResponses removes somebody with each response, and looks whether they are out.
func TestResponses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, response string
		status         int // 0 if there is none
		header, value  string
		body           string // part of it
		out            bool
	}{
		{"normal", `{"kind":"normal"}`, 204, "", "", "", true},
		{"normal and late", `{"kind":"normal","delay":"1ms"}`, 204, "", "", "", true},
		{"forbidden", `{"kind":"api-error","status":403}`, 403, "Content-Type", "application/json", `"message":"Forbidden"`, false},
		{"error of one's own", `{"kind":"api-error","status":599,"code":12345,"message":"made up"}`, 599, "", "", `"code":12345,"message":"made up"`, false},
		{"status without a text", `{"kind":"api-error","status":599}`, 599, "", "", `"message":"Error"`, false},
		{"400", `{"kind":"api-error","status":400}`, 400, "", "", "10000", false},
		{"401", `{"kind":"api-error","status":401}`, 401, "", "", "20003", false},
		{"404", `{"kind":"api-error","status":404}`, 404, "", "", "20404", false},
		{"422", `{"kind":"api-error","status":422}`, 422, "", "", "10000", false},
		{"404 of one's own", `{"kind":"api-error","status":404,"code":7}`, 404, "", "", `"code":7`, false},
		{"HTML", `{"kind":"html","status":503}`, 503, "Content-Type", "text/html; charset=utf-8", "503 Service Unavailable", false},
		{"rate limit", `{"kind":"rate-limited","retry_after":"1500ms"}`, 429, "Retry-After", "2", "", false},
		{"rate limit without a time", `{"kind":"rate-limited"}`, 429, "Retry-After", "", "", false},
		{"redirect", `{"kind":"redirect","location":"https://example.com/"}`, 302, "Location", "https://example.com/", "", false},
		{"raw", `{"kind":"raw","status":200,"headers":{"content-type":"text/x"},"body":"hello"}`, 200, "Content-Type", "text/x", "hello", false},
		{"raw with what is no header", `{"kind":"raw","status":500,"headers":{"a b":"c\r\nd: e"}}`, 500, "D", "", "", false},
		{"disconnect", `{"kind":"disconnect"}`, 0, "", "", "", false},
		{"act and disconnect", `{"kind":"disconnect","act":true}`, 0, "", "", "", true},
		{"act and 503", `{"kind":"html","status":503,"act":true}`, 503, "", "", "", true},
		{"act and late", `{"kind":"raw","status":204,"delay":"1ms","act":true}`, 204, "", "", "", true},
		{"act explicitly not", `{"kind":"html","status":503,"act":false}`, 503, "", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			call := s.calls()[1]
			s.post(t, "script", `{"call_sid":"`+call+`","responses":[`+tt.response+`]}`)
			require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[0]), "somebody else")
			response, err := s.send(t, http.MethodDelete, s.participant(call))
			if tt.status == 0 {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				require.Equal(t, tt.status, response.StatusCode)
				require.Equal(t, tt.value, response.Header.Get(tt.header))
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				require.Contains(t, string(body), tt.body)
			}
			var state state
			s.get(t, "state", &state)
			require.Equal(t, !tt.out, slices.Contains(state.Projects[0].Conferences[0].CallSids, call))
			require.Empty(t, state.Unused)
			require.Empty(t, state.Violations)
		})
	}
}

// TestActBeforeHang needs a state that is seen while the request hangs.
func TestActBeforeHang(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.post(t, "script", `{"responses":[{"kind":"hang","act":true}]}`)
	result := s.removeLater(t, s.calls()[0])
	wiretest.RequireSoon(t, func() bool {
		var state state
		s.get(t, "state", &state)
		return len(state.Projects[0].Conferences[0].CallSids) == 2
	}, "nobody was removed")
	select {
	case <-result:
		require.Fail(t, "there was a response")
	default:
	}
}

func TestRefusedResponses(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, tt := range []struct{ name, responses, want string }{
		{"none", `[]`, "responses: give a list of at least one"},
		{"null", `null`, "responses: give a list of at least one"},
		{"no kind", `[{"status":503}]`, "responses[0]: kind: give one of api-error, disconnect, hang, html, normal, rate-limited, raw, redirect"},
		{"unknown kind", `[{"kind":"teapot"}]`, "responses[0]: kind: give one of"},
		{"null response", `[null]`, "responses[0]: kind: give one of"},
		{"second one", `[{"kind":"hang"},{"kind":"teapot"}]`, "responses[1]: kind: give one of"},
		{"no object", `["hang"]`, "responses[0]: the body: a JSON string does not fit"},
		{"field of another kind", `[{"kind":"hang","status":503}]`, `\"status\": leave this field out; the kind hang has not got it`},
		{"unknown field", `[{"kind":"hang","statu":503}]`, `\"statu\": leave this field out`},
		{"wrong type", `[{"kind":"html","status":"503"}]`, "responses[0]: status: a JSON string does not fit"},
		{"normal and act", `[{"kind":"normal","act":true}]`, `\"act\": leave this field out`},
		{"delay", `[{"kind":"hang","delay":"-1s"}]`, "responses[0]: delay: give a time with its unit"},
		{"retry_after", `[{"kind":"rate-limited","retry_after":"2"}]`, "responses[0]: retry_after: give a time with its unit"},
		{"no location", `[{"kind":"redirect"}]`, "responses[0]: location: give the URL"},
		{"status of no error", `[{"kind":"api-error","status":302}]`, "APIError(302): the status of an error is 400 to 599"},
		{"no status of an error", `[{"kind":"api-error"}]`, "the status of an error is 400 to 599"},
		{"informational page", `[{"kind":"html","status":100}]`, "HTML(100): the status of a response is 200 to 599"},
		{"informational raw", `[{"kind":"raw","status":199}]`, "responses[0]: status: give one from 200 to 599"},
		{"raw above", `[{"kind":"raw","status":600}]`, "responses[0]: status: give one from 200 to 599"},
		{"mistake and act", `[{"kind":"html","status":100,"delay":"1s","act":true}]`, "the status of a response is 200 to 599"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, call := range []string{"", `"call_sid":"` + s.calls()[0] + `",`} {
				status, text := s.try(t, "script", `{`+call+`"responses":`+tt.responses+`}`)
				require.Equal(t, http.StatusBadRequest, status, text)
				require.True(t, json.Valid([]byte(text)))
				require.Contains(t, text, tt.want)
			}
		})
	}
	t.Run("nothing is scripted", func(t *testing.T) {
		var state state
		s.get(t, "state", &state)
		require.Empty(t, state.Unused)
	})
}
