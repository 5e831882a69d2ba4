package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// ofProject is the JSON of what is about a project.
type ofProject struct {
	ProjectID string `json:"project_id"` // "" is the first one's
}

// ofCall is the JSON of what is about somebody in a conference, or who was in it.
type ofCall struct {
	ofProject
	ConferenceSid signalwire.ConferenceSid `json:"conference_sid"`
	CallSid       signalwire.CallSid       `json:"call_sid"`
}

// A participant is the JSON of one. It has the fields of what it is converted to.
type participant struct {
	CallSid                signalwire.CallSid `json:"call_sid"`
	Muted                  bool               `json:"muted"`
	Hold                   bool               `json:"hold"`
	Coaching               bool               `json:"coaching"`
	Coaches                signalwire.CallSid `json:"call_sid_to_coach"`
	EndConferenceOnExit    bool               `json:"end_conference_on_exit"`
	StartConferenceOnEnter bool               `json:"start_conference_on_enter"`
	From                   string             `json:"from"`
	To                     string             `json:"to"`
}

type object map[string]any

// project finds the project that a field names by its ID.
func (c *control) project(field, id string) (*project, error) {
	if id == "" {
		return c.projects[0], nil
	}
	for _, p := range c.projects {
		if p.ProjectID() == id {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s: there is no such project; GET %s/state shows them", field, controlPath)
}

// conference finds the project, and sees to it that it has the conference.
func (c *control) conference(of ofProject, sid signalwire.ConferenceSid) (*project, error) {
	p, err := c.project("project_id", of.ProjectID)
	if err == nil && !slices.ContainsFunc(p.conferences, func(each conference) bool { return each.ConferenceSid == sid }) {
		err = fmt.Errorf("conference_sid: the project has no such conference; GET %s/state shows them", controlPath)
	}
	return p, err
}

// call does something with the call of a request.
func (c *control) call(in ofCall, result string, do func(*project) bool) (any, error) {
	p, err := c.conference(in.ofProject, in.ConferenceSid)
	switch {
	case err != nil:
		return nil, err
	case in.CallSid.IsZero():
		return nil, errors.New("call_sid: give the SID of a call")
	}
	return object{result: do(p)}, nil
}

func (c *control) leave(in ofCall) (any, error) {
	return c.call(in, "left", func(p *project) bool { return p.Leave(in.ConferenceSid, in.CallSid) })
}

func (c *control) rejoin(in ofCall) (any, error) {
	return c.call(in, "rejoined", func(p *project) bool { return p.Rejoin(in.ConferenceSid, in.CallSid) })
}

func (c *control) join(in struct {
	ofProject
	ConferenceSid signalwire.ConferenceSid `json:"conference_sid"`
	participant
}) (any, error) {
	p, err := c.conference(in.ofProject, in.ConferenceSid)
	if err != nil {
		return nil, err
	}
	return object{"call_sid": p.Join(in.ConferenceSid, signalwiretest.Participant(in.participant))}, nil
}

func (c *control) end(in struct {
	ofProject
	ConferenceSid signalwire.ConferenceSid `json:"conference_sid"`
}) (any, error) {
	p, err := c.conference(in.ofProject, in.ConferenceSid)
	if err == nil {
		p.EndConference(in.ConferenceSid)
	}
	return nil, err
}

func (c *control) addConference(in struct {
	ofProject
	ConferenceSid signalwire.ConferenceSid    `json:"conference_sid"`
	FriendlyName  string                      `json:"friendly_name"`
	Status        signalwire.ConferenceStatus `json:"status"`
	Created       string                      `json:"created"`
	Participants  []participant               `json:"participants"`
}) (any, error) {
	p, err := c.project("project_id", in.ProjectID)
	if err != nil {
		return nil, err
	}
	if in.Status != "" && !in.Status.Valid() {
		return nil, errors.New("status: give init, in-progress or completed")
	}
	described := signalwiretest.Conference{Sid: in.ConferenceSid, FriendlyName: in.FriendlyName, Status: in.Status}
	if in.Created != "" {
		if described.Created, err = time.Parse(time.RFC3339, in.Created); err != nil {
			return nil, errors.New(`created: give a date and a time, such as "2026-01-31T12:00:00Z"`)
		}
	}
	for _, each := range in.Participants {
		described.Participants = append(described.Participants, signalwiretest.Participant(each))
	}
	return p.add(described), nil
}

func (c *control) script(in struct {
	CallSid   *signalwire.CallSid `json:"call_sid"`
	Responses []json.RawMessage   `json:"responses"`
}) (any, error) {
	if len(in.Responses) == 0 {
		return nil, errors.New("responses: give a list of at least one")
	}
	responses := make([]signalwiretest.Response, len(in.Responses))
	for i, text := range in.Responses {
		var err error
		if responses[i], err = parseResponse(text); err != nil {
			return nil, fmt.Errorf("responses[%d]: %w", i, err)
		}
	}
	if in.CallSid == nil {
		c.handler.Script(responses...)
	} else {
		c.handler.ScriptFor(*in.CallSid, responses...)
	}
	return nil, nil
}

func (c *control) profile(in struct {
	Profile signalwiretest.Profile `json:"profile"`
	Seed    uint64                 `json:"seed"`
}) (any, error) {
	c.handler.UseProfile(in.Profile, in.Seed)
	return nil, nil
}

func (c *control) latency(in struct {
	Latency string `json:"latency"`
}) (any, error) {
	latency, err := parseDuration("latency", in.Latency)
	if err == nil {
		c.handler.SetLatency(latency)
	}
	return nil, err
}

func (c *control) callbacks(in struct {
	ofProject
	URL        string     `json:"url"`
	SigningKey string     `json:"signing_key"`
	Delays     [][]string `json:"delays"`
}) (any, error) {
	p, err := c.project("project_id", in.ProjectID)
	if err != nil {
		return nil, err
	}
	delays := make([][]time.Duration, len(in.Delays))
	for i, each := range in.Delays {
		for _, text := range each {
			delay, err := parseDuration(fmt.Sprintf("delays[%d]", i), text)
			if err != nil {
				return nil, err
			}
			delays[i] = append(delays[i], delay)
		}
	}
	p.PostCallbacks(signalwiretest.Callbacks{URL: in.URL, SigningKey: in.SigningKey, Delays: func(number int) []time.Duration {
		if number > len(delays) {
			return []time.Duration{0}
		}
		return delays[number-1]
	}})
	return nil, nil
}

// wait gives the mutex up while it waits.
func (c *control) wait(in ofProject) (any, error) {
	p, err := c.project("project_id", in.ProjectID)
	if err == nil {
		c.mu.Unlock()
		defer c.mu.Lock()
		p.WaitForCallbacks()
	}
	return nil, err
}

func (c *control) addProject(in struct {
	Name   string `json:"name"`
	Parent string `json:"parent"`
}) (any, error) {
	if in.Name == "" {
		return nil, errors.New("name: give the project a name; its credentials and SIDs are made from it")
	}
	added := &project{name: in.Name, parent: in.Parent}
	if in.Parent == "" {
		added.Project = c.handler.AddProject(in.Name)
	} else {
		parent, err := c.project("parent", in.Parent)
		if err != nil {
			return nil, err
		}
		added.Project = parent.AddSubproject(in.Name)
	}
	c.projects = append(c.projects, added)
	return object{"project_id": added.ProjectID(), "api_token": added.APIToken()}, nil
}

func (c *control) stop(struct{}) (any, error) {
	c.api.stop()
	return nil, nil
}

func (c *control) start(struct{}) (any, error) { return nil, c.api.start() }

func (c *control) reset(struct{}) (any, error) {
	c.handler.Reset()
	c.madeUp.Clear()
	c.begin()
	return nil, c.api.start()
}

func (c *control) state(io.Reader) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	projects := make([]object, len(c.projects))
	for i, p := range c.projects {
		conferences := slices.Clone(p.conferences)
		for j := range conferences {
			conferences[j].CallSids = p.Participants(conferences[j].ConferenceSid)
		}
		projects[i] = object{"project_id": p.ProjectID(), "name": p.name, "parent": p.parent, "conferences": conferences}
	}
	madeUp := []string{}
	for operation := range c.madeUp.Range {
		madeUp = append(madeUp, operation.(string))
	}
	slices.Sort(madeUp)
	return object{
		"projects": projects, "made_up": madeUp,
		"violations": texts(c.handler.Violations()), "unused": texts(c.handler.Unused()),
	}, nil
}

func texts(errs []error) []string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return texts
}

func (c *control) requests(io.Reader) (any, error) {
	requests := []object{}
	for _, r := range c.handler.Requests() {
		requests = append(requests, object{
			"time": r.Time, "method": r.Method, "path": r.Path, "headers": r.Header, "body": string(r.Body), "status": r.StatusCode,
		})
	}
	return object{"requests": requests}, nil
}
