package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	openapi_types "github.com/oapi-codegen/runtime/types"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A wire is a client and what arrives from it. It responds 204.
type wire struct {
	client  *signalwire.ClientWithResponses
	account signalwire.AccountSid
	path    string
	body    string
	count   int
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.path, w.body = r.URL.EscapedPath(), string(body)
		w.count++
		rw.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	var err error
	w.client, err = signalwire.New("example", uuid.NewString(), "token", signalwire.WithBaseURL(server.URL))
	require.NoError(t, err)
	w.account, err = signalwire.ParseAccountSid(uuid.NewString())
	require.NoError(t, err)
	return w
}

func TestGrownPaths(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	id, other := uuid.New(), uuid.New()
	odd := func(server, pathParam0 string, id uuid.UUID, list ...string) error {
		_, err := w.client.OddNamesWithResponse(t.Context(), w.account, server, 7, true, at, pathParam0, 1.5, id,
			signalwire.CallStatusInProgress, openapi_types.Date{Time: at}, list, nil, signalwire.OddNamesJSONRequestBody{})
		return err
	}
	require.NoError(t, odd("a/b?c#d%20é", "...", id, "x", "y"))
	require.Equal(t, "/Accounts/"+w.account.String()+"/50%25/a%2Fb%3Fc%23d%2520%C3%A9/7/true/2026-01-02T03:04:05Z/.../1.5/"+
		id.String()+"/in-progress/2026-01-02/x,y", w.path)

	member := func(call string) error {
		_, err := w.client.RetrieveMember(t.Context(), w.account, id, call)
		return err
	}
	require.ErrorIs(t, member("Front"), signalwire.ErrUnexpectedResponse) // It is no 200.
	require.Equal(t, "/Accounts/"+w.account.String()+"/Queues/"+id.String()+"/Members/Front", w.path)

	sent := w.count
	for name, err := range map[string]error{
		"server":     odd("", "x", id, "x"),
		"PathParam0": odd("x", "..", id, "x"),
		"url":        odd("x", "x", uuid.Nil, "x"),
		"list":       odd("x", "x", id, ".."),
		"CallSid":    member(""),
		"QueueSid": func() error {
			_, err := w.client.RetrieveMemberWithResponse(t.Context(), w.account, uuid.Nil, "Front")
			return err
		}(),
		"conference SID": func() error {
			_, err := w.client.RetrieveOldConference(t.Context(), w.account, signalwire.ConferenceSid{})
			return err
		}(),
	} {
		var failure *signalwire.TransportError
		require.ErrorAs(t, err, &failure, name)
		require.Zero(t, failure.Attempts, name)
		require.ErrorContains(t, err, name)
	}
	for _, call := range []string{"", ".", ".."} {
		require.Error(t, member(call))
	}
	require.Equal(t, sent, w.count, "nothing was sent")
	require.ErrorIs(t, member(other.String()), signalwire.ErrUnexpectedResponse)
}

// What one call returns goes into the next as it is. This compiles only if the
// main SIDs have their types, also where they may be null.
var _ = func(client *signalwire.ClientWithResponses, account signalwire.Account, call signalwire.Call, conference signalwire.OldConference, response signalwire.OldConferenceResponse) {
	ctx := context.Background()
	_, _ = client.RetrieveAccount(ctx, account.Sid)
	_, _ = client.RetrieveOldConference(ctx, account.Sid, conference.Sid)
	_, _ = client.DeleteParticipant(ctx, conference.AccountSid, response.Sid, call.Sid)
	_, _ = client.DeleteParticipant(ctx, account.Sid, *call.ConferenceSid, *response.CallSidToCoach)
	replaced, _ := client.ReplaceAccountWithResponse(ctx, account.Sid)
	siblings, _ := client.ListSiblingsWithResponse(ctx, replaced.JSON200.Sid, call.Sid)
	_, _ = client.ListSiblings(ctx, account.Sid, siblings.JSON200.Calls[0].Sid)
	sibling, _ := client.ReplaceSiblingWithResponse(ctx, account.Sid, call.Sid)
	_ = []uuid.UUID{siblings.JSON200.Sid, sibling.JSON200.Sid}
}

func TestGrownForms(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	decode := func(text string, into any) {
		t.Helper()
		require.NoError(t, json.Unmarshal([]byte(text), into))
	}
	for _, tt := range []struct{ name, message, want string }{
		{"a text", `{"MediaUrl":"https://example.org/a b?c=d&e,f"}`, "MediaUrl=https%3A%2F%2Fexample.org%2Fa+b%3Fc%3Dd%26e%2Cf"},
		{"a list", `{"MediaUrl":["https://a","https://b"]}`, "MediaUrl=https%3A%2F%2Fa&MediaUrl=https%3A%2F%2Fb"},
		{"a list of one", `{"MediaUrl":["a"]}`, "MediaUrl=a"},
		{"an empty text", `{"MediaUrl":""}`, "MediaUrl="},
		{"an empty list", `{"MediaUrl":[]}`, ""},
		{"null", `{"Limit":null}`, ""},
		{"a union with null", `{"Limit":["1","2"]}`, "Limit=1&Limit=2"},
		{"a union of objects and lists: an object", `{"Parts":{"a":"x"}}`, "Parts=" + url.QueryEscape(`{"a":"x"}`)},
		{"a union of objects and lists: a list", `{"Parts":[{"b":1},{"b":2}]}`, "Parts=" + url.QueryEscape(`{"b":1}`) + "&Parts=" + url.QueryEscape(`{"b":2}`)},
		{"deepObject", `{"Filter":{"b":"2&","a":"1"}}`, "Filter%5Ba%5D=1&Filter%5Bb%5D=2%26"},
		{"not exploded", `{"Words":["a,b","c"]}`, "Words=a%2Cb,c"},
		{"pipeDelimited", `{"Pipes":["a","b"]}`, "Pipes=a%7Cb"},
		{"an object in style form", `{"Spread":{"x":12345678901234567}}`, "x=12345678901234567"},
		{"an object", `{"Data":{"y":5}}`, "Data=" + url.QueryEscape(`{"y":5}`)},
	} {
		var body signalwire.CreateMessageFormdataRequestBody
		decode(tt.message, &body)
		body.To = "x"
		_, err := w.client.CreateMessageWithFormdataBody(t.Context(), w.account, body)
		require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse, tt.name) // It is no 201.
		got, err := url.ParseQuery(w.body)
		require.NoError(t, err, tt.name)
		want, err := url.ParseQuery(tt.want + "&To=x")
		require.NoError(t, err, tt.name)
		require.Equal(t, want, got, tt.name)
		require.Contains(t, "&"+w.body+"&", "&"+tt.want, tt.name)
	}

	for _, tt := range []struct {
		name string
		want string
		send func() error
	}{
		{"properties beside a union, as a form", "title=t&url=u", func() error {
			body := signalwire.CreateNoteFormdataRequestBody{Title: "t"}
			require.NoError(t, body.FromCreateNoteFormdataBody1(signalwire.CreateNoteFormdataBody1{URL: "u"}))
			_, err := w.client.CreateNoteWithFormdataBodyWithResponse(t.Context(), w.account, body)
			return err
		}},
		{"properties beside a union, as JSON", `{"text":"x","title":"t"}`, func() error {
			body := signalwire.CreateNoteJSONRequestBody{Title: "t"}
			require.NoError(t, body.FromCreateNoteJSONBody0(signalwire.CreateNoteJSONBody0{Text: "x"}))
			_, err := w.client.CreateNoteWithResponse(t.Context(), w.account, body)
			return err
		}},
		{"a union", "text=x", func() error {
			var body signalwire.ChangeNotesFormdataRequestBody
			require.NoError(t, body.FromChangeNotesFormdataBody0(signalwire.ChangeNotesFormdataBody0{Text: pointer("x")}))
			_, err := w.client.ChangeNotesWithFormdataBodyWithResponse(t.Context(), w.account, body)
			return err
		}},
		{"a map", "a=1&b+c=2%263", func() error {
			_, err := w.client.ReplaceNotesWithFormdataBodyWithResponse(t.Context(), w.account, signalwire.ReplaceNotesFormdataRequestBody{"b c": "2&3", "a": "1"})
			return err
		}},
		{"a list, as JSON", `["a","b"]`, func() error {
			_, err := w.client.ReplaceNotesWithResponse(t.Context(), w.account, signalwire.ReplaceNotesJSONRequestBody{"a", "b"})
			return err
		}},
		{"additional properties", "n=5&reason=r", func() error {
			_, err := w.client.DeleteNotesWithFormdataBodyWithResponse(t.Context(), w.account, signalwire.DeleteNotesFormdataRequestBody{
				Reason: pointer("r"), AdditionalProperties: map[string]int{"n": 5},
			})
			return err
		}},
	} {
		require.NoError(t, tt.send(), tt.name)
		require.Equal(t, tt.want, w.body, tt.name)
	}
}

// TestGrownNumbers keeps the digits of a price, in fields that must be there and
// in others, and holds that int32 is int, and the names of constants.
func TestGrownNumbers(t *testing.T) {
	t.Parallel()
	var message signalwire.Message
	const text = `{"num_segments":3,"price":0.123456789012,"sid":"3f0e6c1a-6a43-4f0e-9a53-0d4c8b1f7e21","total":123456789.01}`
	require.NoError(t, json.Unmarshal([]byte(text), &message))
	again, err := json.Marshal(message)
	require.NoError(t, err)
	require.JSONEq(t, text, string(again))
	require.Contains(t, string(again), "0.123456789012")
	require.Equal(t, 3, *message.NumSegments)
	require.EqualValues(t, "GET", signalwire.UpdateParticipantFormdataBodyHoldMethodGET)
	require.EqualValues(t, "L16", signalwire.UpdateConferenceFormdataBodyStatusL16)
	require.EqualValues(t, "active", signalwire.OldConferenceStatusActive)
	require.EqualValues(t, "active", signalwire.OldConferenceReasonActive)
}
