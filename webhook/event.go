package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"example.com/signalwire"
)

// Event says what happened in a conference. The vendor may send others than these.
type Event string

// The events of a conference. Those of the conference itself have no CallSid.
const (
	ConferenceStart        Event = "conference-start"
	ConferenceEnd          Event = "conference-end"
	ParticipantJoin        Event = "participant-join"
	ParticipantLeave       Event = "participant-leave"
	ParticipantMute        Event = "participant-mute"
	ParticipantUnmute      Event = "participant-unmute"
	ParticipantHold        Event = "participant-hold"
	ParticipantUnhold      Event = "participant-unhold"
	ParticipantSpeechStart Event = "participant-speech-start"
	ParticipantSpeechStop  Event = "participant-speech-stop"
)

// ConferenceEvent is a status callback of a conference. Fields that the vendor did
// not send are zero.
//
// Events come late, more than once, or never, and their order is not kept. Ask the
// service for what is true now.
type ConferenceEvent struct {
	Event         Event
	AccountSid    signalwire.AccountSid
	ConferenceSid signalwire.ConferenceSid
	CallSid       signalwire.CallSid // zero in an event of the conference

	FriendlyName string // of the conference
	From, To     string // of the call: telephone numbers or SIP addresses

	Muted                  bool
	Hold                   bool
	StartConferenceOnEnter bool
	EndConferenceOnExit    bool

	Timestamp      time.Time // in UTC
	SequenceNumber int       // counts the events of a conference

	Form url.Values // everything, as it was sent
}

// ParseConferenceEvent reads a status callback of a conference: a form of at most 1
// MiB. It does not verify it; see [Verifier.Verify]. The body can be read again.
//
// The event, the account and the conference must be there. An unknown event and
// unknown fields are no error. A malformed field is one, and so is a field that is
// there twice. The error names the field and does not repeat its value.
func ParseConferenceEvent(r *http.Request) (ConferenceEvent, error) {
	form, err := postForm(r)
	if err != nil {
		return ConferenceEvent{}, fmt.Errorf("signalwire: not a conference event: %w", err)
	}
	f := fields{form: form}
	event := ConferenceEvent{
		Event:                  Event(f.text("StatusCallbackEvent")),
		AccountSid:             parse(&f, "AccountSid", signalwire.ParseAccountSid),
		ConferenceSid:          parse(&f, "ConferenceSid", signalwire.ParseConferenceSid),
		CallSid:                parse(&f, "CallSid", signalwire.ParseCallSid),
		FriendlyName:           f.text("FriendlyName"),
		From:                   f.text("From"),
		To:                     f.text("To"),
		Muted:                  parse(&f, "Muted", parseFlag),
		Hold:                   parse(&f, "Hold", parseFlag),
		StartConferenceOnEnter: parse(&f, "StartConferenceOnEnter", parseFlag),
		EndConferenceOnExit:    parse(&f, "EndConferenceOnExit", parseFlag),
		Timestamp:              parse(&f, "Timestamp", signalwire.ParseTime),
		SequenceNumber:         parse(&f, "SequenceNumber", parseNumber),
		Form:                   form,
	}
	f.require("StatusCallbackEvent", "AccountSid", "ConferenceSid")
	if f.err != nil {
		return ConferenceEvent{}, f.err
	}
	return event, nil
}

// postForm returns the form of the body, which may have been parsed before.
func postForm(r *http.Request) (url.Values, error) {
	if r.PostForm != nil {
		return r.PostForm, nil
	}
	if mediaType(r) != formType {
		return nil, errors.New("the Content-Type is not " + formType)
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errors.New("the form is malformed")
	}
	return form, nil
}

// fields reads the fields of a form, and keeps the first error.
type fields struct {
	form url.Values
	err  error
}

func (f *fields) fail(name, reason string) {
	if f.err == nil {
		f.err = errors.New("signalwire: not a conference event: " + name + " " + reason)
	}
}

// text returns a field, and "" if it is missing.
func (f *fields) text(name string) string {
	if len(f.form[name]) > 1 {
		f.fail(name, "is there twice")
	}
	return f.form.Get(name)
}

// parse returns what a field means, and zero if it is missing or empty.
func parse[T any](f *fields, name string, parse func(string) (T, error)) (value T) {
	text := f.text(name)
	if text == "" {
		return value
	}
	value, err := parse(text)
	if err != nil {
		f.fail(name, "is malformed")
	}
	return value
}

func (f *fields) require(names ...string) {
	for _, name := range names {
		if f.form.Get(name) == "" {
			f.fail(name, "is missing")
		}
	}
}

func parseFlag(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, strconv.ErrSyntax
}

func parseNumber(text string) (int, error) {
	number, err := strconv.Atoi(text)
	if err != nil || number < 0 {
		return 0, strconv.ErrSyntax
	}
	return number, nil
}
