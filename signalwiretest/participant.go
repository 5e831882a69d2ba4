package signalwiretest

import (
	"slices"
	"strconv"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/webhook"
)

// Participant describes a participant to [Handler.Add] and [Handler.Join].
type Participant struct {
	Muted    bool
	Hold     bool
	Coaching bool
	// Coaches is the call that the participant coaches, if Coaching is set.
	Coaches signalwire.CallSid
	// EndConferenceOnExit ends the conference for everybody when the participant
	// leaves or is removed.
	EndConferenceOnExit bool
	// StartConferenceOnEnter has no effect but to be read: here every conference
	// starts with its first participant.
	StartConferenceOnEnter bool
	// From and To are those of the call. Only callbacks have them.
	From, To string
}

type participant struct {
	Participant
	call             signalwire.CallSid
	number           int // in the order in which they first joined
	created, updated time.Time
}

// Participants returns who is in a conference, in the order in which they first
// joined. It returns nobody for an unknown conference.
func (h *Handler) Participants(conference signalwire.ConferenceSid) []signalwire.CallSid {
	h.account.mu.Lock()
	defer h.account.mu.Unlock()
	c := h.account.conferences[conference]
	if c == nil {
		return nil
	}
	calls := make([]signalwire.CallSid, len(c.participants))
	for i, p := range c.participants {
		calls[i] = p.call
	}
	return calls
}

// Join has somebody join a conference, and returns the SID of their call. A
// conference that is unknown or completed fails the test, or panics without one.
func (h *Handler) Join(conference signalwire.ConferenceSid, described Participant) signalwire.CallSid {
	h.t.Helper()
	h.account.mu.Lock()
	defer h.account.mu.Unlock()
	c := h.account.conferences[conference]
	if c == nil || c.status == signalwire.ConferenceStatusCompleted {
		h.t.Fatalf("signalwiretest: Join: there is no such conference, or it is completed")
		return signalwire.CallSid{}
	}
	return h.account.join(c, described)
}

// Rejoin has somebody come back with the same CallSid, and the same flags, and
// reports whether they could: they were in the conference before, are not now, and
// it is not completed.
func (h *Handler) Rejoin(conference signalwire.ConferenceSid, call signalwire.CallSid) bool {
	h.account.mu.Lock()
	defer h.account.mu.Unlock()
	c := h.account.conferences[conference]
	if c == nil || c.status == signalwire.ConferenceStatusCompleted {
		return false
	}
	i := slices.IndexFunc(c.left, func(p *participant) bool { return p.call == call })
	if i < 0 {
		return false
	}
	p := c.left[i]
	c.left = slices.Delete(c.left, i, i+1)
	p.created = h.account.tick()
	p.updated = p.created
	at, _ := slices.BinarySearchFunc(c.participants, p.number, func(p *participant, number int) int { return p.number - number })
	c.participants = slices.Insert(c.participants, at, p)
	h.account.happened(webhook.ParticipantJoin, c, p)
	return true
}

// Leave has a participant leave by themselves, and reports whether they were in
// the conference. It ends the conference if they have EndConferenceOnExit set.
func (h *Handler) Leave(conference signalwire.ConferenceSid, call signalwire.CallSid) bool {
	h.account.mu.Lock()
	defer h.account.mu.Unlock()
	c := h.account.conferences[conference]
	return c != nil && h.account.remove(c, call)
}

// join is called with the account locked.
func (a *account) join(c *conference, described Participant) signalwire.CallSid {
	p := &participant{
		Participant: described, number: c.joined, created: a.tick(),
		call: madeUp(signalwire.ParseCallSid, a.name, "call", a.calls),
	}
	p.updated = p.created
	a.calls++
	c.joined++
	c.participants = append(c.participants, p)
	if c.status != signalwire.ConferenceStatusInProgress {
		c.status = signalwire.ConferenceStatusInProgress
		a.happened(webhook.ConferenceStart, c, nil)
	}
	a.happened(webhook.ParticipantJoin, c, p)
	return p.call
}

// remove reports whether the participant was in the conference. It is called with
// the account locked.
func (a *account) remove(c *conference, call signalwire.CallSid) bool {
	p, i := c.find(call)
	if p == nil {
		return false
	}
	c.participants = slices.Delete(c.participants, i, i+1)
	c.left = append(c.left, p)
	a.happened(webhook.ParticipantLeave, c, p)
	if p.EndConferenceOnExit {
		a.end(c)
	}
	return true
}

// find returns nil for somebody who is not in the conference.
func (c *conference) find(call signalwire.CallSid) (*participant, int) {
	i := slices.IndexFunc(c.participants, func(p *participant) bool { return p.call == call })
	if i < 0 {
		return nil, i
	}
	return c.participants[i], i
}

func (e *exchange) deleteParticipant() Response {
	e.handler.account.mu.Lock()
	defer e.handler.account.mu.Unlock()
	c, refused := e.conferenceOf("ConferenceSid")
	call, err := signalwire.ParseCallSid(e.validation.PathParams["CallSid"])
	switch {
	case err != nil:
		return e.malformed()
	case refused != nil:
		return *refused
	case c.status == signalwire.ConferenceStatusCompleted:
		return BadRequest()
	case !e.handler.account.remove(c, call):
		return NotFound()
	}
	return Response{serve: (*exchange).noContent}
}

func (e *exchange) retrieveParticipant() Response {
	e.handler.account.mu.Lock()
	defer e.handler.account.mu.Unlock()
	c, refused := e.conferenceOf("ConferenceSid")
	if refused != nil {
		return *refused
	}
	call, err := signalwire.ParseCallSid(e.validation.PathParams["CallSid"])
	if err != nil {
		return e.malformed()
	}
	p, _ := c.find(call)
	if p == nil {
		return NotFound()
	}
	return ok200(e.participant(c, p))
}

func (e *exchange) listParticipants() Response {
	e.handler.account.mu.Lock()
	defer e.handler.account.mu.Unlock()
	c, refused := e.conferenceOf("ConferenceSid")
	if refused != nil {
		return *refused
	}
	query := e.r.URL.Query()
	var items []item
	for _, p := range c.participants {
		if matches(query, "Muted", strconv.FormatBool(p.Muted)) && matches(query, "Hold", strconv.FormatBool(p.Hold)) {
			items = append(items, item{p.number, e.participant(c, p)})
		}
	}
	return e.page("participants", items)
}

func (e *exchange) participant(c *conference, p *participant) signalwire.ConferenceParticipant {
	account := e.handler.account.sid
	result := signalwire.ConferenceParticipant{
		AccountSid: account, CallSid: p.call, ConferenceSid: c.sid,
		Muted: p.Muted, Hold: p.Hold, Coaching: p.Coaching,
		EndConferenceOnExit: p.EndConferenceOnExit, StartConferenceOnEnter: p.StartConferenceOnEnter,
		DateCreated: date(p.created), DateUpdated: date(p.updated),
		Status: signalwire.ParticipantStatusInProgress,
		URI:    BasePath + "/Accounts/" + account.String() + "/Conferences/" + c.sid.String() + "/Participants/" + p.call.String(),
	}
	if p.Coaches != (signalwire.CallSid{}) {
		result.CallSidToCoach = &p.Coaches
	}
	return result
}
