package signalwiretest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/webhook"
)

// Conference describes a conference to [Project.Add].
type Conference struct {
	// Sid is the SID of the conference. The zero SID means one that is made up.
	Sid signalwire.ConferenceSid
	// FriendlyName is what callers join by. It need not be unique. "" means
	// "conference 1" for the first one, and so on.
	FriendlyName string
	// Status is its state. "" means in-progress, or init if it has no participants.
	// A completed conference has no participants.
	Status signalwire.ConferenceStatus
	// Created is when it was created, in whole seconds. The zero time means one that
	// is made up: it does not change from run to run.
	Created time.Time
	// Participants are who is in it.
	Participants []Participant
}

// A conference has participants, in the order in which they first joined.
type conference struct {
	sid              signalwire.ConferenceSid
	name             string
	status           signalwire.ConferenceStatus
	created, updated time.Time
	participants     []*participant
	left             []*participant // who may rejoin
	joined           int            // ever
	events           int            // that happened, ever
}

// Add begins a conference, and returns its SID and those of its participants.
//
// SIDs that are made up come from the project's name and the order in which they
// are added, so what a test prints does not change from run to run. One that is
// chosen and taken fails the test, or panics without one.
func (p *Project) Add(described Conference) (signalwire.ConferenceSid, []signalwire.CallSid) {
	p.t.Helper()
	if described.Status == signalwire.ConferenceStatusCompleted && len(described.Participants) > 0 {
		p.t.Fatalf("signalwiretest: Add: a completed conference has no participants")
		return signalwire.ConferenceSid{}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conferences[described.Sid] != nil {
		p.t.Fatalf("signalwiretest: Add: there is a conference of this SID already")
		return signalwire.ConferenceSid{}, nil
	}
	if p.taken(described.Participants) {
		p.t.Fatalf("signalwiretest: Add: " + takenText)
		return signalwire.ConferenceSid{}, nil
	}
	return p.add(described)
}

// AddConference begins a conference with a number of participants, none of whom
// is muted, on hold, or ends the conference by leaving; see [Project.Add]. A
// negative number fails the test, or panics without one.
func (p *Project) AddConference(participants int) (signalwire.ConferenceSid, []signalwire.CallSid) {
	p.t.Helper()
	if participants < 0 {
		p.t.Fatalf("signalwiretest: AddConference: %d participants; a conference has 0 or more", participants)
		return signalwire.ConferenceSid{}, nil
	}
	return p.Add(Conference{Participants: make([]Participant, participants)})
}

// EndConference ends a conference: it is completed, and nobody is in it any more.
// An unknown conference fails the test, or panics without one.
func (p *Project) EndConference(sid signalwire.ConferenceSid) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.conferences[sid]
	if c == nil {
		p.t.Fatalf("signalwiretest: EndConference: there is no such conference")
		return
	}
	p.end(c)
}

// add is called with the project locked.
func (p *Project) add(described Conference) (signalwire.ConferenceSid, []signalwire.CallSid) {
	c := &conference{
		sid:     described.Sid,
		name:    described.FriendlyName,
		status:  signalwire.ConferenceStatusInit,
		created: described.Created.Truncate(time.Second),
	}
	if c.sid.IsZero() {
		c.sid = madeUp(signalwire.ParseConferenceSid, p.name, "conference", len(p.order))
	}
	if c.name == "" {
		c.name = "conference " + strconv.Itoa(len(p.order)+1)
	}
	if c.created.IsZero() {
		c.created = p.tick()
	}
	c.updated = c.created
	calls := make([]signalwire.CallSid, len(described.Participants))
	for i, each := range described.Participants {
		calls[i] = p.join(c, each)
	}
	if described.Status != "" {
		c.status = described.Status
	}
	p.order = append(p.order, c)
	p.conferences[c.sid] = c
	return c.sid, calls
}

// end is called with the project locked.
func (p *Project) end(c *conference) {
	if c.status == signalwire.ConferenceStatusCompleted {
		return
	}
	c.status, c.updated = signalwire.ConferenceStatusCompleted, p.tick()
	for _, who := range c.participants {
		delete(p.present, who.call)
		p.happened(webhook.ParticipantLeave, c, who)
	}
	p.happened(webhook.ConferenceEnd, c, nil)
	c.left, c.participants = append(c.left, c.participants...), nil
}

// tick returns the time of the next event. The clock is made up, and begins at the
// time of the vendor's sample.
func (p *Project) tick() time.Time {
	p.ticks++
	return time.Date(2018, time.September, 24, 21, 0, p.ticks, 0, time.UTC)
}

// date writes a time as the vendor's samples do, with four letters for September.
func date(t time.Time) string {
	return strings.Replace(t.UTC().Format(time.RFC1123Z), " Sep ", " Sept ", 1)
}

// conferenceOf finds the conference of a request, whose path parameter has a name.
// It is called with the project locked. The response is set if there is none.
func (e *exchange) conferenceOf(parameter string) (*conference, *Response) {
	refused := NotFound()
	sid, err := signalwire.ParseConferenceSid(e.validation.PathParams[parameter])
	if err != nil {
		refused = e.malformed()
	}
	if c := e.project.conferences[sid]; c != nil {
		return c, nil
	}
	return nil, &refused
}

// malformed is the response to what is no SID: 422, or 404 where the contract has
// none.
func (e *exchange) malformed() Response {
	if e.documents(http.StatusUnprocessableEntity) {
		return Unprocessable()
	}
	return NotFound()
}

func (e *exchange) retrieveConference() Response {
	e.project.mu.Lock()
	defer e.project.mu.Unlock()
	c, refused := e.conferenceOf("Sid")
	if refused != nil {
		return *refused
	}
	return ok200(e.conference(c))
}

func (e *exchange) listConferences() Response {
	e.project.mu.Lock()
	defer e.project.mu.Unlock()
	query := e.r.URL.Query()
	var items []item
	for i, c := range e.project.order {
		created, err1 := withinDates(query, "DateCreated", c.created)
		updated, err2 := withinDates(query, "DateUpdated", c.updated)
		if err1 != nil || err2 != nil {
			return Unprocessable()
		}
		if created && updated && matches(query, "FriendlyName", c.name) && matches(query, "Status", string(c.status)) {
			items = append(items, item{i, e.conference(c)})
		}
	}
	return e.page("conferences", items)
}

func (e *exchange) conference(c *conference) signalwire.Conference {
	uri := BasePath + "/Accounts/" + e.project.sid.String() + "/Conferences/" + c.sid.String()
	return signalwire.Conference{
		Sid: c.sid, AccountSid: e.project.sid,
		DateCreated: date(c.created), DateUpdated: date(c.updated),
		FriendlyName: c.name, Status: c.status,
		APIVersion: "2010-04-01", Region: "us1", URI: uri,
		SubresourceUris: signalwire.ConferenceSubresourceUris{Participants: uri + "/Participants", Recordings: uri + "/Recordings"},
	}
}
