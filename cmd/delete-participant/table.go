package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"example.com/signalwire"
)

// A row is what -list -json prints for a participant, and for a conference that
// nobody is in. It can be input, as a result can.
type row struct {
	ConferenceSid       signalwire.ConferenceSid `json:"conference_sid"`
	FriendlyName        string                   `json:"friendly_name"`
	CallSid             signalwire.CallSid       `json:"call_sid,omitzero"`
	Joined              time.Time                `json:"joined,omitzero"`
	Muted               bool                     `json:"muted,omitempty"`
	Hold                bool                     `json:"hold,omitempty"`
	EndConferenceOnExit bool                     `json:"end_conference_on_exit,omitempty"`
}

// showList shows the conferences in progress, or the one that was given, with who
// is in them. It returns the exit status.
func (c *connection) showList(ctx context.Context, given *sidList) int {
	conferences, err := c.conferences(ctx)
	if err != nil {
		return c.refuse(err)
	}
	shown := 0
	for _, conference := range conferences {
		if !given.isWanted(conference) {
			continue
		}
		there, err := c.participants(ctx, conference.Sid, everybody)
		if err != nil {
			return c.refuse(err)
		}
		text := table(conference, there)
		if c.json {
			text = rows(conference, there)
		}
		if !c.console.result(text) {
			return exitNotDone
		}
		shown++
	}
	switch {
	case shown > 0:
	case given.name != "", !given.conference.IsZero():
		return c.refuse(&nameError{"no such conference is in progress", conferences})
	default:
		c.console.note("no conference is in progress")
	}
	return exitDone
}

func everybody(participant) bool { return true }

// table returns the lines that people read.
func table(conference signalwire.Conference, there []participant) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %q, since %s\n", conference.Sid, conference.FriendlyName, since(conference))
	if len(there) > 0 {
		fmt.Fprintf(&b, "  %-36s  %-20s  %-5s  %-4s  %s\n", "CALL SID", "JOINED", "MUTED", "HOLD", "ENDS THE CONFERENCE")
	}
	for _, p := range there {
		fmt.Fprintf(&b, "  %s  %-20s  %-5s  %-4s  %s\n", p.call, date(p.joined), yes(p.muted), yes(p.hold), yes(p.ends))
	}
	return b.String()
}

func yes(set bool) string {
	if set {
		return "yes"
	}
	return "no"
}

// rows returns the lines that programs read.
func rows(conference signalwire.Conference, there []participant) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	of := row{ConferenceSid: conference.Sid, FriendlyName: conference.FriendlyName}
	if len(there) == 0 {
		_ = encoder.Encode(of)
	}
	for _, p := range there {
		of.CallSid, of.Joined, of.Muted, of.Hold, of.EndConferenceOnExit = p.call, p.joined, p.muted, p.hold, p.ends
		_ = encoder.Encode(of)
	}
	return b.String()
}

// since returns when a conference began, as RFC 3339 says.
func since(conference signalwire.Conference) string {
	at, _ := signalwire.ParseTime(conference.DateCreated)
	return date(at)
}

func date(at time.Time) string {
	if at.IsZero() {
		return "unknown"
	}
	return at.Format(time.RFC3339)
}
