package signalwiretest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/signalwire/webhook"
)

// Callbacks says where a [Project] posts what happens in its conferences, and how.
type Callbacks struct {
	// URL is the one that would be configured at the vendor, with its query. It is
	// signed, and the callbacks are posted to it unless there is a Receiver.
	URL string
	// SigningKey signs the callbacks. A webhook.Verifier has it among its Keys.
	SigningKey string
	// Receiver, if it is not nil, gets the callbacks in the place of a server.
	Receiver http.Handler
	// Delays returns how late each delivery of a callback is. The number counts
	// the callbacks from 1. Two delays deliver it twice, none loses it, and one that
	// is longer than the next callback's changes their order. A nil Delays delivers
	// each callback once, and at once. Delays may not use the project.
	Delays func(number int) []time.Duration
}

// The vendor's limits.
const (
	callbackAttempts = 3
	connectTime      = 2 * time.Second
	responseTime     = 5 * time.Second
)

// PostCallbacks posts what happens in the project's conferences from now on: joins,
// leaves, removals and ends. Each callback is a form that is signed and sent as the
// vendor does, in the background and one after the other. An attempt that gets no
// 2xx within 5 seconds is followed by another at once, up to three in all.
//
// The Timestamps are of time.Now. A later call takes the place of an earlier one.
// A malformed URL, or no key, fails the test, or panics without one. So does
// GODEBUG=fips140=only, under which nothing can be signed.
func (p *Project) PostCallbacks(to Callbacks) {
	p.t.Helper()
	u, err := url.Parse(to.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		p.t.Fatalf("signalwiretest: PostCallbacks: the URL is not an http or https URL")
		return
	case to.SigningKey == "":
		p.t.Fatalf("signalwiretest: PostCallbacks: the signing key is empty")
		return
	case webhook.SignForm(to.SigningKey, to.URL, nil) == "":
		p.t.Fatalf("signalwiretest: PostCallbacks: GODEBUG=fips140=only forbids the vendor's signature")
		return
	}
	c := p.callbacks
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = &to
}

// WaitForCallbacks waits until everything that has happened was posted, late
// deliveries and retries included.
func (p *Project) WaitForCallbacks() {
	c := p.callbacks
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.running {
		c.idle.Wait()
	}
}

// callbacks delivers forms in the order in which they are due.
type callbacks struct {
	closed <-chan struct{} // nothing is posted any more

	mu      sync.Mutex
	to      *Callbacks // nil until there is somebody to post to
	number  int        // of callbacks, ever
	pending []delivery
	running bool          // deliver is, in the background
	idle    sync.Cond     // running became false
	added   chan struct{} // what is pending has changed
}

type delivery struct {
	due  time.Time
	to   *Callbacks
	form url.Values
}

func newCallbacks(closed <-chan struct{}) *callbacks {
	c := &callbacks{closed: closed, added: make(chan struct{}, 1)}
	c.idle.L = &c.mu
	return c
}

// reset makes callbacks be posted to nobody. What is pending is dropped.
func (c *callbacks) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to, c.number, c.pending = nil, 0, nil
	c.wake()
}

// wake has deliver look at what is pending. It is called with the callbacks locked.
func (c *callbacks) wake() {
	select {
	case c.added <- struct{}{}:
	default:
	}
}

// post makes a form be delivered.
func (c *callbacks) post(form url.Values) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.to == nil {
		return
	}
	c.number++
	delays := []time.Duration{0}
	if c.to.Delays != nil {
		delays = c.to.Delays(c.number)
	}
	for _, delay := range delays {
		c.pending = append(c.pending, delivery{time.Now().Add(delay), c.to, form})
	}
	slices.SortStableFunc(c.pending, func(a, b delivery) int { return a.due.Compare(b.due) })
	c.wake()
	if !c.running {
		c.running = true
		go c.deliver()
	}
}

// deliver posts what is pending, until nothing is.
func (c *callbacks) deliver() {
	for {
		next, wait := c.next()
		if next != nil {
			next.post(c.closed)
			continue
		}
		if wait < 0 {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.added:
		case <-c.closed:
		}
		timer.Stop()
	}
}

// next returns what is due, or how long that takes. The wait is negative if
// nothing is pending any more.
func (c *callbacks) next() (due *delivery, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
		c.pending = nil
	default:
	}
	if len(c.pending) == 0 {
		c.running = false
		c.idle.Broadcast()
		return nil, -1
	}
	next := c.pending[0]
	if wait := time.Until(next.due); wait > 0 {
		return nil, wait
	}
	c.pending = c.pending[1:]
	return &next, 0
}

// post makes up to three attempts.
func (d *delivery) post(closed <-chan struct{}) {
	for range callbackAttempts {
		select {
		case <-closed:
			return
		default:
		}
		if d.attempt(closed) {
			return
		}
	}
}

// attempt reports whether there was a 2xx in time.
func (d *delivery) attempt(closed <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(context.Background(), responseTime)
	defer cancel()
	go func() {
		select {
		case <-closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.to.URL, strings.NewReader(d.form.Encode()))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-SignalWire-Signature", webhook.SignForm(d.to.SigningKey, d.to.URL, d.form))
	if d.to.Receiver != nil {
		return receive(d.to.Receiver, r)
	}
	transport := &http.Transport{
		DialContext:       (&net.Dialer{Timeout: connectTime}).DialContext,
		DisableKeepAlives: true,
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode/100 == 2
}

// receive hands a request to a handler, and does not wait longer than the vendor.
func receive(receiver http.Handler, r *http.Request) bool {
	served := make(chan bool, 1)
	go func() {
		defer func() {
			if recover() != nil {
				served <- false // It cut the connection, or panicked.
			}
		}()
		w := httptest.NewRecorder()
		receiver.ServeHTTP(w, r)
		served <- w.Code/100 == 2
	}()
	select {
	case ok := <-served:
		return ok
	case <-r.Context().Done():
		return false
	}
}

// happened posts an event of a conference, and of a participant unless it is nil.
// It is called with the project locked.
func (p *Project) happened(event webhook.Event, c *conference, who *participant) {
	c.events++
	form := url.Values{
		"AccountSid": {p.sid.String()}, "ApiVersion": {"2010-04-01"},
		"ConferenceSid": {c.sid.String()}, "FriendlyName": {c.name},
		"StatusCallbackEvent": {string(event)}, "SequenceNumber": {strconv.Itoa(c.events)},
		"Timestamp": {date(time.Now())},
	}
	if who != nil {
		form.Set("CallSid", who.call.String())
		form.Set("CallStatus", "in-progress")
		form.Set("Direction", "inbound")
		form.Set("From", who.From)
		form.Set("To", who.To)
		for name, flag := range map[string]bool{
			"Muted": who.Muted, "Hold": who.Hold,
			"StartConferenceOnEnter": who.StartConferenceOnEnter, "EndConferenceOnExit": who.EndConferenceOnExit,
		} {
			form.Set(name, strconv.FormatBool(flag))
		}
		if event == webhook.ParticipantLeave {
			form.Set("CallStatus", "completed")
		}
	}
	p.callbacks.post(form)
}
