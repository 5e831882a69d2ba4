package signalwiretest

import (
	"slices"

	"example.com/signalwire"
)

// A conference has participants, in the order in which they were added.
type conference struct {
	participants []signalwire.CallSid
}

// AddConference begins a conference with a number of participants, and returns
// its SID and theirs. A negative number fails the test, or panics without one.
//
// The SIDs are made from the Handler's name and the order in which they are
// added, so what a test prints does not change from run to run.
func (h *Handler) AddConference(participants int) (signalwire.ConferenceSid, []signalwire.CallSid) {
	h.t.Helper()
	if participants < 0 {
		h.t.Fatalf("signalwiretest: AddConference: %d participants; a conference has 0 or more", participants)
		return signalwire.ConferenceSid{}, nil
	}
	return h.account.addConference(participants)
}

func (a *account) addConference(participants int) (signalwire.ConferenceSid, []signalwire.CallSid) {
	a.mu.Lock()
	defer a.mu.Unlock()
	sid := madeUp(signalwire.ParseConferenceSid, a.name, "conference", len(a.conferences))
	calls := make([]signalwire.CallSid, participants)
	for i := range calls {
		calls[i] = madeUp(signalwire.ParseCallSid, a.name, "call", a.calls)
		a.calls++
	}
	a.conferences[sid] = &conference{participants: slices.Clone(calls)}
	return sid, calls
}

// Participants returns who is in a conference, in the order in which they were
// added. It returns nobody for an unknown conference.
func (h *Handler) Participants(conference signalwire.ConferenceSid) []signalwire.CallSid {
	h.account.mu.Lock()
	defer h.account.mu.Unlock()
	if c := h.account.conferences[conference]; c != nil {
		return slices.Clone(c.participants)
	}
	return nil
}

// remove reports whether the participant was in the conference.
func (a *account) remove(conference signalwire.ConferenceSid, call signalwire.CallSid) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.conferences[conference]
	if c == nil {
		return false
	}
	at := slices.Index(c.participants, call)
	if at < 0 {
		return false
	}
	c.participants = slices.Delete(c.participants, at, at+1)
	return true
}
