package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"example.com/signalwire"
)

// outcome is what happened to a participant, as JSON spells it.
type outcome string

const (
	removed  outcome = "removed"
	absent   outcome = "absent"
	failed   outcome = "failed"
	unknown  outcome = "unknown"
	notTried outcome = "not_tried"
)

var everyOutcome = []outcome{removed, absent, failed, unknown, notTried}

// String returns the outcome as the text output spells it.
func (o outcome) String() string { return strings.ReplaceAll(string(o), "_", " ") }

// A result is a participant's line. Its exported fields are what -json prints.
type result struct {
	ConferenceSid signalwire.ConferenceSid `json:"conference_sid"`
	CallSid       signalwire.CallSid       `json:"call_sid"`
	Outcome       outcome                  `json:"outcome"`
	Done          bool                     `json:"done"` // it counts as success
	MaybeApplied  bool                     `json:"maybe_applied,omitempty"`
	StatusCode    int                      `json:"status,omitempty"`
	Code          int                      `json:"code,omitempty"` // the API's own
	Attempts      int                      `json:"attempts,omitempty"`
	Reason        string                   `json:"reason,omitempty"`

	// What the list of participants says, if -dry-run or a refusal is based on it.
	Muted               bool `json:"muted,omitempty"`
	Hold                bool `json:"hold,omitempty"`
	EndConferenceOnExit bool `json:"end_conference_on_exit,omitempty"`

	mayPass     bool          // it failed for a reason that may pass
	retryAfter  time.Duration // how long the service asked to wait
	refused     bool          // the credentials were refused
	foreign     bool          // the response is probably not the API's
	unknownHost bool
	wrong       bool // the account has no such conference
}

// describe fills in what an error says.
func (r *result) describe(err error) {
	r.Reason = reason(err)
	var response *signalwire.Error
	var failure *signalwire.TransportError
	var unknownHost *net.DNSError
	switch {
	case errors.As(err, &response):
		r.StatusCode, r.Code, r.retryAfter = response.StatusCode, response.Code, response.RetryAfter
		r.MaybeApplied, r.mayPass = response.MaybeApplied, response.Retryable()
	case errors.As(err, &failure):
		r.MaybeApplied, r.mayPass = failure.MaybeApplied, failure.Retryable()
	}
	r.refused = errors.Is(err, signalwire.ErrUnauthorized) || errors.Is(err, signalwire.ErrForbidden)
	r.wrong = errors.Is(err, signalwire.ErrUnknownConference)
	r.foreign = errors.Is(err, signalwire.ErrUnexpectedResponse) && !r.mayPass
	r.unknownHost = errors.As(err, &unknownHost) && unknownHost.IsNotFound
}

// isHopeless reports whether the next request would fail like this one.
func (r *result) isHopeless() bool { return r.refused || r.unknownHost || r.wrong }

// advice says what is wrong with a hopeless result, and what to check.
func (r *result) advice() (why, check string) {
	switch {
	case r.wrong:
		return "the account has no such conference", "the conference SID and -account"
	case r.refused && r.foreign:
		return "something that is not the API refused the request", "SIGNALWIRE_SPACE, -base-url and what is in between"
	case r.refused:
		return "the credentials were refused", "SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN and -account"
	}
	return "the host is unknown", "SIGNALWIRE_SPACE, -base-url and HTTPS_PROXY"
}

// text returns the line that people read.
func (r *result) text() string {
	text := r.CallSid.String() + "  " + r.Outcome.String()
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	return text + "\n"
}

// json returns the line that programs read.
func (r *result) json() string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		panic(err) // Strings, numbers and SIDs that were parsed always encode.
	}
	return b.String()
}

// parseResult parses the SIDs and the outcome of a line that text or json
// returned. A line of text has no conference. If the line is something else, ok is
// false.
func parseResult(line string) (r result, ok bool, err error) {
	if strings.HasPrefix(line, "{") {
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			return r, true, errors.New("this is not a line that -json printed: " + reason(err))
		}
		if r.CallSid.IsZero() {
			return r, true, errors.New("the JSON has no call_sid")
		}
		return r, true, nil
	}
	sid, rest, _ := strings.Cut(line, "  ")
	spelled, _, _ := strings.Cut(rest, ":")
	for _, o := range everyOutcome {
		if spelled == o.String() {
			r.Outcome = o
			r.CallSid, err = signalwire.ParseCallSid(sid)
			return r, true, err
		}
	}
	return r, false, nil
}

// A tally counts participants.
type tally map[outcome]int

func (t tally) String() string {
	total := 0
	var counts []string
	for _, o := range everyOutcome {
		if t[o] > 0 {
			total += t[o]
			counts = append(counts, fmt.Sprintf("%d %v", t[o], o))
		}
	}
	if total == 0 {
		return plural(0, "participant")
	}
	return plural(total, "participant") + ": " + strings.Join(counts, ", ")
}

// left returns how many participants may still have to be removed.
func (t tally) left() int { return t[failed] + t[unknown] + t[notTried] }

// reason is an error's text without the package's name.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "signalwire: ") }
