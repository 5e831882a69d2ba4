package webhook_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/webhook"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestParseConferenceEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := joined(func(form url.Values) { form.Set("Coaching", "false") })
		r := s.request(t)
		require.NoError(t, (&webhook.Verifier{URL: s.url, Keys: []string{s.key}}).Verify(r))
		event, err := webhook.ParseConferenceEvent(r)
		require.NoError(t, err)
		require.Equal(t, webhook.ConferenceEvent{
			Event:         webhook.ParticipantJoin,
			AccountSid:    must(signalwire.ParseAccountSid("6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24")),
			ConferenceSid: must(signalwire.ParseConferenceSid("0b8f2f6e-6f0c-4f43-9a57-5a3c1d6f7e81")),
			CallSid:       must(signalwire.ParseCallSid("d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b")),
			FriendlyName:  "standup", From: "+15550100", To: "+15550199",
			Muted: true, StartConferenceOnEnter: true,
			Timestamp: time.Now().UTC(), SequenceNumber: 3,
			Form: must(url.ParseQuery(s.body)),
		}, event)
		require.Equal(t, "false", event.Form.Get("Coaching"))

		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.Equal(t, s.body, string(body), "it can be read again")
	})
}

// TestParseConferenceEventParsedBefore has a handler that parsed the form.
func TestParseConferenceEventParsedBefore(t *testing.T) {
	t.Parallel()
	r := joined(nil).request(t)
	r.URL.RawQuery = "From=%2B15550111&StatusCallbackEvent=participant-leave"
	require.NoError(t, r.ParseForm())
	event, err := webhook.ParseConferenceEvent(r)
	require.NoError(t, err)
	require.Equal(t, webhook.ParticipantJoin, event.Event)
	require.Equal(t, "+15550100", event.From, "parameters of the URL are not those of the form")
}

func TestParseConferenceEventFields(t *testing.T) {
	t.Parallel()
	set := func(name string, values ...string) func(url.Values) {
		return func(form url.Values) { form[name] = values }
	}
	for _, tt := range []struct {
		name   string
		change func(url.Values)
		want   string // the error, or "" if there is none
	}{
		{"an event of the conference", func(form url.Values) { form.Del("CallSid"); form.Set("StatusCallbackEvent", "conference-end") }, ""},
		{"an unknown event", set("StatusCallbackEvent", "participant-dance"), ""},
		{"an unknown field", set("Mood", "good", "bad"), ""},
		{"an empty CallSid", set("CallSid", ""), ""},
		{"no time", set("Timestamp"), ""},
		{"no flags", func(form url.Values) { form.Del("Muted"); form.Del("Hold") }, ""},

		{"a telephone number as CallSid", set("CallSid", "+15550100"), "CallSid is malformed"},
		{"a CallSid of Twilio's", set("CallSid", "CA"+strings.Repeat("0", 32)), "CallSid is malformed"},
		{"the nil UUID", set("CallSid", "00000000-0000-0000-0000-000000000000"), "CallSid is malformed"},
		{"a malformed ConferenceSid", set("ConferenceSid", "standup"), "ConferenceSid is malformed"},
		{"a malformed AccountSid", set("AccountSid", "x"), "AccountSid is malformed"},
		{"no ConferenceSid", set("ConferenceSid"), "ConferenceSid is missing"},
		{"no AccountSid", set("AccountSid"), "AccountSid is missing"},
		{"no event", set("StatusCallbackEvent"), "StatusCallbackEvent is missing"},
		{"an empty event", set("StatusCallbackEvent", ""), "StatusCallbackEvent is missing"},
		{"two events", set("StatusCallbackEvent", "participant-join", "participant-leave"), "StatusCallbackEvent is there twice"},
		{"two CallSids", set("CallSid", "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b", "x"), "CallSid is there twice"},
		{"two numbers", set("From", "+15550100", "+15550101"), "From is there twice"},
		{"a flag", set("Muted", "yes"), "Muted is malformed"},
		{"a time", set("Timestamp", "yesterday"), "Timestamp is malformed"},
		{"a sequence number", set("SequenceNumber", "first"), "SequenceNumber is malformed"},
		{"a negative one", set("SequenceNumber", "-1"), "SequenceNumber is malformed"},
		{"a huge one", set("SequenceNumber", strings.Repeat("9", 30)), "SequenceNumber is malformed"},
	} {
		event, err := webhook.ParseConferenceEvent(joined(tt.change).request(t))
		if tt.want == "" {
			require.NoError(t, err, tt.name)
			continue
		}
		require.EqualError(t, err, "signalwire: not a conference event: "+tt.want, tt.name)
		require.Zero(t, event, tt.name)
	}
}

func TestParseConferenceEventBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*signed)
		want   string
	}{
		{"JSON", func(s *signed) { s.contentType = jsonType }, "the Content-Type is not application/x-www-form-urlencoded"},
		{"no type", func(s *signed) { s.contentType = "" }, "the Content-Type is not application/x-www-form-urlencoded"},
		{"a wrong escape", func(s *signed) { s.body = "From=%zz" }, "the form is malformed"},
		{"too long", func(s *signed) { s.body += "&A=" + strings.Repeat("a", 1<<20) }, "the body is longer than 1 MiB"},
		{"nothing", func(s *signed) { s.body = "" }, "StatusCallbackEvent is missing"},
	} {
		s := joined(nil)
		tt.change(&s)
		_, err := webhook.ParseConferenceEvent(s.request(t))
		require.EqualError(t, err, "signalwire: not a conference event: "+tt.want, tt.name)
	}
}

// FuzzParseConferenceEvent: no form makes it panic, and what it returns is what the
// form says.
func FuzzParseConferenceEvent(f *testing.F) {
	f.Add(formType, joined(nil).body)
	f.Add(formType, "StatusCallbackEvent=conference-end&AccountSid=6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24&ConferenceSid=0b8f2f6e-6f0c-4f43-9a57-5a3c1d6f7e81")
	f.Add(jsonType, vectorJSON)
	f.Fuzz(func(t *testing.T, contentType, body string) {
		s := signed{method: http.MethodPost, contentType: contentType, body: body}
		event, err := webhook.ParseConferenceEvent(s.request(t))
		if err != nil {
			require.Zero(t, event)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.False(t, event.ConferenceSid.IsZero())
		require.False(t, event.AccountSid.IsZero())
		require.NotEmpty(t, event.Event)
		require.Equal(t, event.From, event.Form.Get("From"))
		require.True(t, strings.EqualFold(event.CallSid.String(), event.Form.Get("CallSid")))
		require.GreaterOrEqual(t, event.SequenceNumber, 0)
	})
}
