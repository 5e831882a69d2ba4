package signalwiretest

import (
	"slices"
	"strconv"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/webhook"
)

// Participant describes a participant to [Project.Add] and [Project.Join].
type Participant struct {
	// CallSid is the SID of their call. The zero SID means one that is made up.
	CallSid  signalwire.CallSid
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
func (p *Project) Participants(conference signalwire.ConferenceSid) []signalwire.CallSid {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.conferences[conference]
	if c == nil {
		return nil
	}
	calls := make([]signalwire.CallSid, len(c.participants))
	for i, who := range c.participants {
		calls[i] = who.call
	}
	return calls
}

// Join has somebody join a conference, and returns the SID of their call. A
// conference that is unknown or completed fails the test, or panics without one.
// So does the CallSid of somebody who is in a conference, or was in this one: they
// rejoin.
func (p *Project) Join(conference signalwire.ConferenceSid, described Participant) signalwire.CallSid {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.conferences[conference]
	if c == nil || c.status == signalwire.ConferenceStatusCompleted {
		p.t.Fatalf("signalwiretest: Join: there is no such conference, or it is completed")
		return signalwire.CallSid{}
	}
	was := func(who *participant) bool { return who.call == described.CallSid }
	if p.taken([]Participant{described}) || slices.ContainsFunc(c.left, was) {
		p.t.Fatalf("signalwiretest: Join: " + takenText + "; use Rejoin for who was there before")
		return signalwire.CallSid{}
	}
	return p.join(c, described)
}

const takenText = "a CallSid is taken: somebody with this one is in a conference"

// taken reports whether somebody is in a conference already whose CallSid a
// participant shall have. It is called with the project locked.
func (p *Project) taken(described []Participant) bool {
	chosen := make(map[signalwire.CallSid]bool)
	for _, each := range described {
		if each.CallSid.IsZero() {
			continue
		}
		if chosen[each.CallSid] || p.present[each.CallSid] {
			return true
		}
		chosen[each.CallSid] = true
	}
	return false
}

// Rejoin has somebody come back with the same CallSid, and the same flags, and
// reports whether they could: they were in the conference before, are in none now,
// and it is not completed.
func (p *Project) Rejoin(conference signalwire.ConferenceSid, call signalwire.CallSid) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.conferences[conference]
	if c == nil || c.status == signalwire.ConferenceStatusCompleted {
		return false
	}
	i := slices.IndexFunc(c.left, func(who *participant) bool { return who.call == call })
	if i < 0 || p.present[call] {
		return false
	}
	who := c.left[i]
	c.left = slices.Delete(c.left, i, i+1)
	who.created = p.tick()
	who.updated = who.created
	at, _ := slices.BinarySearchFunc(c.participants, who.number, func(who *participant, number int) int { return who.number - number })
	c.participants = slices.Insert(c.participants, at, who)
	p.present[call] = true
	p.happened(webhook.ParticipantJoin, c, who)
	return true
}

// Leave has a participant leave by themselves, and reports whether they were in
// the conference. It ends the conference if they have EndConferenceOnExit set.
func (p *Project) Leave(conference signalwire.ConferenceSid, call signalwire.CallSid) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.conferences[conference]
	return c != nil && p.remove(c, call)
}

// join is called with the project locked.
func (p *Project) join(c *conference, described Participant) signalwire.CallSid {
	who := &participant{
		Participant: described, number: c.joined, created: p.tick(), call: described.CallSid,
	}
	if who.call.IsZero() {
		who.call = madeUp(signalwire.ParseCallSid, p.name, "call", p.calls)
	}
	who.updated = who.created
	p.calls++
	c.joined++
	c.participants = append(c.participants, who)
	if c.status != signalwire.ConferenceStatusInProgress {
		c.status = signalwire.ConferenceStatusInProgress
		p.happened(webhook.ConferenceStart, c, nil)
	}
	p.present[who.call] = true
	p.happened(webhook.ParticipantJoin, c, who)
	return who.call
}

// remove reports whether the participant was in the conference. It is called with
// the account locked.
func (p *Project) remove(c *conference, call signalwire.CallSid) bool {
	who, i := c.find(call)
	if who == nil {
		return false
	}
	c.participants = slices.Delete(c.participants, i, i+1)
	c.left = append(c.left, who)
	delete(p.present, call)
	p.happened(webhook.ParticipantLeave, c, who)
	if who.EndConferenceOnExit {
		p.end(c)
	}
	return true
}

// find returns nil for somebody who is not in the conference.
func (c *conference) find(call signalwire.CallSid) (*participant, int) {
	i := slices.IndexFunc(c.participants, func(who *participant) bool { return who.call == call })
	if i < 0 {
		return nil, i
	}
	return c.participants[i], i
}

func (e *exchange) deleteParticipant() Response {
	e.project.mu.Lock()
	defer e.project.mu.Unlock()
	c, refused := e.conferenceOf("ConferenceSid")
	call, err := signalwire.ParseCallSid(e.validation.PathParams["CallSid"])
	switch {
	case err != nil:
		return e.malformed()
	case refused != nil:
		return *refused
	case c.status == signalwire.ConferenceStatusCompleted:
		return BadRequest()
	case !e.project.remove(c, call):
		return NotFound()
	}
	return Response{serve: (*exchange).noContent}
}

func (e *exchange) retrieveParticipant() Response {
	e.project.mu.Lock()
	defer e.project.mu.Unlock()
	c, refused := e.conferenceOf("ConferenceSid")
	if refused != nil {
		return *refused
	}
	call, err := signalwire.ParseCallSid(e.validation.PathParams["CallSid"])
	if err != nil {
		return e.malformed()
	}
	who, _ := c.find(call)
	if who == nil {
		return NotFound()
	}
	return ok200(e.participant(c, who))
}

func (e *exchange) listParticipants() Response {
	e.project.mu.Lock()
	defer e.project.mu.Unlock()
	c, refused := e.conferenceOf("ConferenceSid")
	if refused != nil {
		return *refused
	}
	query := e.r.URL.Query()
	var items []item
	for _, who := range c.participants {
		if matches(query, "Muted", strconv.FormatBool(who.Muted)) && matches(query, "Hold", strconv.FormatBool(who.Hold)) {
			items = append(items, item{who.number, e.participant(c, who)})
		}
	}
	return e.page("participants", items)
}

func (e *exchange) participant(c *conference, who *participant) signalwire.ConferenceParticipant {
	account := e.project.sid
	result := signalwire.ConferenceParticipant{
		AccountSid: account, CallSid: who.call, ConferenceSid: c.sid,
		Muted: who.Muted, Hold: who.Hold, Coaching: who.Coaching,
		EndConferenceOnExit: who.EndConferenceOnExit, StartConferenceOnEnter: who.StartConferenceOnEnter,
		DateCreated: date(who.created), DateUpdated: date(who.updated),
		Status: signalwire.ParticipantStatusInProgress,
		URI:    BasePath + "/Accounts/" + account.String() + "/Conferences/" + c.sid.String() + "/Participants/" + who.call.String(),
	}
	if who.Coaches != (signalwire.CallSid{}) {
		result.CallSidToCoach = &who.Coaches
	}
	return result
}
