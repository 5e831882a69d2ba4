package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.com/signalwire"
)

// pageSize is how many conferences or participants a request asks for. The service
// allows 1000, but a page takes memory.
const pageSize int = 250

// A participant is somebody in a conference, as the service lists them.
type participant struct {
	call              signalwire.CallSid
	joined            time.Time // zero if the service's date cannot be parsed
	muted, hold, ends bool      // ends: the conference ends for everybody when they leave
}

// flags names what is set of the three, for people.
func (p participant) flags() string {
	var set []string
	for _, flag := range []struct {
		set  bool
		name string
	}{{p.muted, "muted"}, {p.hold, "on hold"}, {p.ends, "ends the conference"}} {
		if flag.set {
			set = append(set, flag.name)
		}
	}
	return strings.Join(set, ", ")
}

// participants lists everybody who is in a conference and whom keep wants.
func (c *connection) participants(ctx context.Context, conference signalwire.ConferenceSid, keep func(participant) bool) ([]participant, error) {
	var there []participant
	size := pageSize
	err := c.ask(ctx, "list of participants", func(ctx context.Context) error {
		there = there[:0]
		seen := make(map[signalwire.CallSid]bool)
		list := c.client.ListAllParticipantsItems(ctx, c.account, conference, &signalwire.ListAllParticipantsParams{PageSize: &size})
		for item, err := range list {
			if err != nil {
				return err
			}
			joined, _ := signalwire.ParseTime(item.DateCreated)
			p := participant{item.CallSid, joined, item.Muted, item.Hold, item.EndConferenceOnExit}
			if item.Status != signalwire.ParticipantStatusCompleted && keep(p) && !seen[p.call] {
				seen[p.call] = true
				there = append(there, p)
			}
		}
		return nil
	})
	return there, err
}

// conferences lists the conferences in progress.
func (c *connection) conferences(ctx context.Context) ([]signalwire.Conference, error) {
	var there []signalwire.Conference
	size, status := pageSize, signalwire.ConferenceStatusInProgress
	err := c.ask(ctx, "list of conferences", func(ctx context.Context) error {
		there = there[:0]
		seen := make(map[signalwire.ConferenceSid]bool)
		list := c.client.ListAllConferencesItems(ctx, c.account, &signalwire.ListAllConferencesParams{Status: &status, PageSize: &size})
		for item, err := range list {
			if err != nil {
				return err
			}
			if item.Status == status && !seen[item.Sid] {
				seen[item.Sid] = true
				there = append(there, item)
			}
		}
		return nil
	})
	return there, err
}

// find returns the one conference in progress that has the name.
func (c *connection) find(ctx context.Context, name string) (signalwire.ConferenceSid, error) {
	all, err := c.conferences(ctx)
	if err != nil {
		return signalwire.ConferenceSid{}, err
	}
	var found []signalwire.Conference
	for _, conference := range all {
		if conference.FriendlyName == name {
			found = append(found, conference)
		}
	}
	switch len(found) {
	case 0:
		return signalwire.ConferenceSid{}, &nameError{"no such conference is in progress", all}
	case 1:
		return found[0].Sid, nil
	}
	return signalwire.ConferenceSid{}, &nameError{"more than one conference has this name; leave out -name, and give the SID", found}
}

// A nameError says that a name is not that of one conference, and which there are.
type nameError struct {
	what        string
	conferences []signalwire.Conference
}

func (e *nameError) Error() string {
	var b strings.Builder
	b.WriteString(e.what)
	for i, c := range e.conferences {
		if i == maxNamed {
			fmt.Fprintf(&b, "\nand %d more, which -list shows", len(e.conferences)-i)
			break
		}
		fmt.Fprintf(&b, "\nin progress: %s  %q, since %s", c.Sid, c.FriendlyName, since(c))
	}
	return b.String()
}

// maxNamed is how many conferences a nameError names.
const maxNamed = 20
