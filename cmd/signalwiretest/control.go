package main

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

const controlPath = "/control"

//go:embed control.txt
var controlText string

// A control offers what a test does with a Handler as JSON over HTTP. It keeps what
// it has added, because a Handler does not list that.
type control struct {
	handler      *signalwiretest.Handler
	name         string
	participants int  // in the first conference
	loopback     bool // it is served on a loopback address only
	api          *api

	madeUp   sync.Map // keys are the operations
	mu       sync.Mutex
	projects []*project // the first one is the Handler's
}

type project struct {
	*signalwiretest.Project
	name, parent string
	conferences  []conference
}

type conference struct {
	ConferenceSid signalwire.ConferenceSid `json:"conference_sid"`
	FriendlyName  string                   `json:"friendly_name"`
	CallSids      []signalwire.CallSid     `json:"call_sids"`
}

func newControl(name string, participants int) *control {
	c := &control{handler: signalwiretest.NewHandler(name), name: name, participants: participants}
	c.handler.OnMadeUp = func(operation string) { c.madeUp.Store(operation, true) }
	c.begin()
	return c
}

// begin adds what there is at the start.
func (c *control) begin() {
	first := &project{Project: c.handler.Project, name: c.name}
	c.projects = []*project{first}
	first.add(signalwiretest.Conference{FriendlyName: "stand-up", Participants: make([]signalwiretest.Participant, c.participants)})
}

// add begins a conference, and returns it with those who are in it now.
func (p *project) add(described signalwiretest.Conference) conference {
	described.FriendlyName = cmp.Or(described.FriendlyName, fmt.Sprintf("conference %d", len(p.conferences)+1))
	sid, calls := p.Add(described)
	added := conference{sid, described.FriendlyName, calls}
	p.conferences = append(p.conferences, added)
	return added
}

// A verb is what can be done. It takes the body of a request, and returns what the
// response is made from; nil stands for {}.
type verb struct {
	method string
	do     func(*control, io.Reader) (any, error)
}

var verbs = map[string]verb{
	"":            {http.MethodGet, func(*control, io.Reader) (any, error) { return controlText, nil }},
	"state":       {http.MethodGet, (*control).state},
	"requests":    {http.MethodGet, (*control).requests},
	"script":      post((*control).script),
	"profile":     post((*control).profile),
	"latency":     post((*control).latency),
	"conferences": post((*control).addConference),
	"join":        post((*control).join),
	"leave":       post((*control).leave),
	"rejoin":      post((*control).rejoin),
	"end":         post((*control).end),
	"callbacks":   post((*control).callbacks),
	"wait":        post((*control).wait),
	"projects":    post((*control).addProject),
	"stop":        post((*control).stop),
	"start":       post((*control).start),
	"reset":       post((*control).reset),
}

// post is a verb that takes JSON, and is called with the mutex locked.
func post[In any](do func(*control, In) (any, error)) verb {
	return verb{http.MethodPost, func(c *control, body io.Reader) (result any, err error) {
		var in In
		if err := decode(body, &in); err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		defer func() {
			// What would fail a test panics without one.
			switch reason := recover().(type) {
			case nil:
			case string:
				err = errors.New(strings.TrimPrefix(reason, "signalwiretest: "))
			default:
				panic(reason)
			}
		}()
		return do(c, in)
	}}
}

func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, ok := verbs[strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, controlPath), "/")]
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Header["Origin"] != nil:
		refuse(w, http.StatusForbidden, "Origin: no page in a browser may use this; leave the header out")
	case c.loopback && !isLoopback(r.Host):
		refuse(w, http.StatusForbidden, "Host: name the server by its loopback address, or as localhost")
	case !ok:
		refuse(w, http.StatusNotFound, "there is nothing here; GET "+controlPath+" says what there is")
	case r.Method != v.method:
		w.Header().Set("Allow", v.method)
		refuse(w, http.StatusMethodNotAllowed, "use the method "+v.method)
	case v.method == http.MethodPost && mediaType != "application/json":
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type: send application/json, as curl --json does")
	default:
		result, err := v.do(c, http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		reply(w, http.StatusOK, result)
	}
}

// isLoopback reports whether a Host is the name or the address of this machine for
// itself. A page in a browser can have its own name resolved to that, but not send
// it as the Host.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.EqualFold(host, "localhost") || net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
}

func refuse(w http.ResponseWriter, status int, reason string) {
	reply(w, status, map[string]string{"error": reason})
}

// reply responds with JSON, or with text.
func reply(w http.ResponseWriter, status int, value any) {
	text, isText := value.(string)
	if isText {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, text)
		return
	}
	if value == nil {
		value = struct{}{}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value)
}

const maxBody = 1 << 20

// decode parses one JSON object.
func decode(body io.Reader, into any) error {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return explain(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("there is something after the JSON object; send one alone, of at most 1 MiB")
	}
	return nil
}

// explain says what to do about an error of encoding/json, or of a SID.
func explain(err error) error {
	var wrongType *json.UnmarshalTypeError
	var tooLong *http.MaxBytesError
	text := err.Error()
	switch {
	case errors.As(err, &tooLong):
		text = "the body is too long; send at most 1 MiB"
	case errors.Is(err, io.EOF):
		text = "the body is empty; send a JSON object, such as {}"
	case errors.As(err, &wrongType):
		text = fmt.Sprintf("%s: a JSON %s does not fit here; GET %s has examples", cmp.Or(wrongType.Field, "the body"), wrongType.Value, controlPath)
	case strings.HasPrefix(text, "json: unknown field"):
		text = strings.TrimPrefix(text, "json: ") + "; leave it out, or see GET " + controlPath
	}
	return errors.New(strings.TrimPrefix(text, "signalwire: "))
}
