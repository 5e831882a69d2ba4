package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"example.com/signalwire"
)

// A removal removes participants of one conference. Its fields change while it
// runs, in the goroutine that called run.
type removal struct {
	*options
	console    *console
	client     *signalwire.ClientWithResponses
	account    signalwire.AccountSid
	conference signalwire.ConferenceSid

	stopped   string // why no other request is begun, or ""
	interrupt os.Signal
	counts    tally
	notDone   int
	foreign   bool // an answer was
}

// connect makes the client. It sends nothing.
func (r *removal) connect(newClient func(...signalwire.ClientOption) (*signalwire.ClientWithResponses, error), account string) error {
	doer := &signalwire.Doer{}
	if r.verbose {
		doer.OnAttempt = r.showAttempt
	}
	options := []signalwire.ClientOption{signalwire.WithHTTPClient(doer)}
	if r.baseURL != "" {
		options = append(options, signalwire.WithBaseURL(r.baseURL))
	}
	var err error
	if r.client, err = newClient(options...); err != nil {
		return err
	}
	r.account, err = signalwire.ParseAccountSid(account)
	return err
}

// outcome is what became of a participant.
type outcome string

const (
	removed  outcome = "removed"
	notFound outcome = "not found"
	failed   outcome = "failed"
	unknown  outcome = "unknown"
	notTried outcome = "not tried"
)

// result is a participant's line. Its fields are what -json prints.
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

	refused bool // the credentials were, so they will be again
	foreign bool // the answer is probably not the API's
}

// A tally counts participants.
type tally map[outcome]int

func (t tally) String() string {
	var total int
	var counts []string
	for _, o := range []outcome{removed, notFound, failed, unknown, notTried} {
		if t[o] > 0 {
			total += t[o]
			counts = append(counts, fmt.Sprintf("%d %s", t[o], o))
		}
	}
	return plural(total, "participant") + ": " + strings.Join(counts, ", ")
}

var errGivenUp = errors.New("interrupted twice")

// progressFrom is how many participants make progress worth showing.
const progressFrom = 10

// run removes the participants, reports each of them once, and returns the exit
// status. It returns when no request is under way any more; cancel ends those.
// Once the context is done, the client sends nothing.
func (r *removal) run(ctx context.Context, cancel context.CancelCauseFunc, calls []signalwire.CallSid, interrupts <-chan os.Signal) int {
	work, results := make(chan signalwire.CallSid), make(chan result)
	defer close(work)
	for range min(r.parallel, len(calls)) {
		go func() {
			for call := range work {
				results <- r.remove(ctx, call)
			}
		}()
	}
	if r.dryRun {
		r.stop("dry run")
	}
	begun, underWay := 0, 0
	for {
		var next chan<- signalwire.CallSid
		var call signalwire.CallSid
		if r.stopped == "" && begun < len(calls) {
			next, call = work, calls[begun]
		}
		if next == nil && underWay == 0 {
			break
		}
		if len(calls) >= progressFrom {
			r.console.show(fmt.Sprintf("%d of %d decided, %d under way", begun-underWay, len(calls), underWay))
		}
		select {
		case next <- call:
			begun++
			underWay++
		case done := <-results:
			underWay--
			r.report(done)
		case signal := <-interrupts:
			if r.interrupt != nil {
				cancel(errGivenUp)
				break
			}
			r.interrupt = signal
			r.stop("interrupted")
			r.console.note("interrupted: waiting for %s under way; interrupt again to give up", plural(underWay, "request"))
		}
	}
	r.console.show("")
	for _, call := range calls[begun:] {
		r.report(result{ConferenceSid: r.conference, CallSid: call, Outcome: notTried, Reason: r.stopped})
	}
	return r.summarize()
}

// stop keeps other requests from being begun. The first reason stays.
func (r *removal) stop(why string) {
	if r.stopped == "" {
		r.stopped = why
	}
}

func (r *removal) report(done result) {
	r.counts[done.Outcome]++
	if !done.Done {
		r.notDone++
	}
	r.foreign = r.foreign || done.foreign
	if !r.console.result(r.line(done)) {
		r.stop("standard output cannot be written")
	}
	if done.refused && r.stopped == "" {
		r.stop("the credentials were refused")
		r.console.note("the credentials were refused, so no other request is begun: " +
			"check SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN and -account")
	}
}

// summarize ends the run on standard error, and returns the exit status.
func (r *removal) summarize() int {
	r.console.text(r.counts.String() + "\n")
	if r.foreign {
		r.console.note("not every answer was the API's: check SIGNALWIRE_SPACE, -base-url and what is in between")
	}
	if r.notDone > r.counts[notFound] && !r.dryRun {
		r.console.note("those that are not done can be given again; with -ignore-missing, who is gone by then counts as done")
	}
	switch {
	case r.interrupt != nil:
		return exitStatus(r.interrupt)
	case r.console.broken:
		return exitNotDone
	case r.dryRun, r.notDone == 0:
		return exitDone
	}
	return exitNotDone
}

// remove removes one participant.
func (r *removal) remove(ctx context.Context, call signalwire.CallSid) result {
	_, err := r.client.DeleteParticipantWithResponse(context.WithValue(ctx, callKey{}, call), r.account, r.conference, call)
	done := result{ConferenceSid: r.conference, CallSid: call, Outcome: removed, Done: true}
	if err == nil {
		return done
	}
	done.Done, done.Reason = false, reason(err)
	var answer *signalwire.Error
	var failure *signalwire.TransportError
	switch {
	case errors.As(err, &answer):
		done.StatusCode, done.Code = answer.StatusCode, answer.Code
		done.Attempts, done.MaybeApplied = answer.Attempts, answer.MaybeApplied
	case errors.As(err, &failure):
		done.Attempts, done.MaybeApplied = failure.Attempts, failure.MaybeApplied
	}
	switch {
	case errors.Is(err, signalwire.ErrNotFound):
		done.Outcome, done.Done, done.Reason = notFound, r.ignoreMissing, ""
		if done.MaybeApplied {
			done.Reason = "an earlier attempt may have removed it"
		}
	case done.MaybeApplied:
		done.Outcome = unknown
	case done.Attempts == 0 && ctx.Err() != nil:
		done.Outcome, done.Reason = notTried, context.Cause(ctx).Error()
	default:
		done.Outcome = failed
	}
	done.refused = errors.Is(err, signalwire.ErrUnauthorized) || errors.Is(err, signalwire.ErrForbidden)
	done.foreign = errors.Is(err, signalwire.ErrUnexpectedResponse)
	return done
}

func (r *removal) line(done result) string {
	if r.json {
		text, err := json.Marshal(done)
		if err != nil {
			panic(err) // Strings, numbers and SIDs that were parsed always encode.
		}
		return string(text) + "\n"
	}
	text := done.CallSid.String() + "  " + string(done.Outcome)
	if done.Reason != "" {
		text += ": " + done.Reason
	}
	return text + "\n"
}

// callKey is the context's key for the call that an attempt is about.
type callKey struct{}

func (r *removal) showAttempt(ctx context.Context, attempt signalwire.Attempt) {
	what := fmt.Sprintf("%d %s", attempt.StatusCode, http.StatusText(attempt.StatusCode))
	if attempt.Err != nil {
		what = reason(attempt.Err)
	}
	next := ""
	if attempt.RetryIn > 0 {
		next = fmt.Sprintf("; again in %v", attempt.RetryIn.Round(time.Millisecond))
	}
	r.console.text(fmt.Sprintf("%s  attempt %d, %v: %s %s%s\n", ctx.Value(callKey{}), attempt.Number,
		attempt.Elapsed.Round(time.Millisecond), attempt.Method, what, next))
}

// reason is an error's text without the package's name.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "signalwire: ") }
