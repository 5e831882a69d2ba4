package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"example.com/signalwire"
)

// A removal removes participants of one conference. Its fields change while it
// runs, in the goroutine that called run.
type removal struct {
	*options
	console    *console
	gate       *gate
	client     *signalwire.ClientWithResponses
	account    signalwire.AccountSid
	conference signalwire.ConferenceSid

	queue     queue
	stopped   string // why nothing else is begun, or ""
	interrupt os.Signal
	counts    tally
	notDone   int
	foreign   bool      // a response was probably not the API's
	advised   bool      // a note said what to check
	slowNoted time.Time // when a note said that the run is slow
}

// connect makes the client, which sends with the transport. It sends nothing.
func (r *removal) connect(newClient func(...signalwire.ClientOption) (*signalwire.ClientWithResponses, error), account string, transport http.RoundTripper) error {
	r.gate = newGate(transport)
	options := []signalwire.ClientOption{signalwire.WithHTTPClient(&signalwire.Doer{
		HTTPClient: &http.Client{Transport: r.gate},
		OnAttempt: func(ctx context.Context, attempt signalwire.Attempt) {
			r.gate.ended(ctx, attempt)
			if r.verbose {
				r.showAttempt(ctx, attempt)
			}
		},
	})}
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

// errGivenUp is the cause of requests that end at the second interrupt.
var errGivenUp = errors.New("interrupted twice")

// progressFrom is the number of participants from which progress is shown.
const progressFrom = 10

// run removes the participants, reports each of them once, and returns the exit
// status. It returns when no request is under way any more. The second interrupt
// calls cancel, which ends those that are.
func (r *removal) run(ctx context.Context, cancel context.CancelCauseFunc, calls []signalwire.CallSid, interrupts <-chan os.Signal) int {
	work, results := make(chan task), make(chan result)
	defer close(work)
	for range min(r.parallel, len(calls)) {
		go func() {
			for t := range work {
				results <- r.remove(ctx, t)
			}
		}()
	}
	r.counts = make(tally)
	r.queue = queue{untried: calls, patience: r.patience, good: time.Now()}
	if r.dryRun {
		r.stop("dry run")
	}
	var tick <-chan time.Time
	if len(calls) >= progressFrom && r.console.terminal {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		tick = ticker.C
	}
	timeout := ctx.Done()
	for underWay := 0; ; {
		next, begin, wake := r.next(work, underWay)
		if begin == nil && wake == nil && underWay == 0 {
			break
		}
		select {
		case begin <- next:
			r.queue.take()
			underWay++
		case done := <-results:
			underWay--
			r.receive(done)
		case <-wake:
		case <-tick:
			r.console.show(r.progress(len(calls), underWay))
		case <-timeout:
			timeout = nil
			r.stop(context.Cause(ctx).Error())
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
	r.reportRest()
	return r.summarize()
}

// next returns the next task with the channel that takes it, or a channel that
// says when to ask again, or neither if a result has to come first.
func (r *removal) next(work chan<- task, underWay int) (task, chan<- task, <-chan time.Time) {
	if r.stopped != "" || r.queue.empty() || r.queue.slow() && underWay > 0 {
		return task{}, nil, nil
	}
	next := r.queue.next()
	wait := time.Until(next.notBefore)
	switch {
	case wait <= 0:
		return next, work, nil
	case !r.queue.hopeless(next):
		return task{}, nil, time.After(wait)
	case underWay == 0:
		r.stop(fmt.Sprintf("the service keeps failing, and the -patience of %v allows no later attempt", r.patience))
		r.console.note("%s", r.stopped)
	}
	return task{}, nil, nil
}

// stop keeps further requests from beginning. The first reason stays.
func (r *removal) stop(why string) {
	if r.stopped == "" {
		r.stopped = why
		r.gate.close(errors.New(why))
	}
}

// receive reports a result, or queues the participant for another turn.
func (r *removal) receive(done result) {
	now := time.Now()
	switch {
	case !done.mayPass:
		r.queue.decided(now)
	case r.patience > 0 && r.stopped == "":
		r.queue.repeat(done, now)
		if r.queue.slow() && now.Sub(r.slowNoted) >= time.Minute {
			r.slowNoted = now
			r.console.note("removals fail (%s); going on slowly, for up to %v", done.Reason, r.patience)
		}
		return
	}
	r.report(done)
}

func (r *removal) report(done result) {
	r.counts[done.Outcome]++
	if !done.Done {
		r.notDone++
	}
	r.foreign = r.foreign || done.foreign
	line := done.text()
	if r.json {
		line = done.json()
	}
	if !r.console.result(line) {
		r.stop("standard output cannot be written")
	}
	if r.stopped != "" {
		return
	}
	switch {
	case done.refused && done.foreign:
		r.giveUp("something that is not the API refused the request", "SIGNALWIRE_SPACE, -base-url and what is in between")
	case done.refused:
		r.giveUp("the credentials were refused", "SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN and -account")
	case done.unknownHost:
		r.giveUp("the host is unknown", "SIGNALWIRE_SPACE, -base-url and HTTPS_PROXY")
	}
}

// giveUp stops the run because the next request would fail like the last.
func (r *removal) giveUp(why, check string) {
	r.stop(why)
	r.advised = true
	r.console.note("%s, so no other request is begun: check %s", why, check)
}

// reportRest reports the participants that had no turn, or no further one.
func (r *removal) reportRest() {
	for _, t := range r.queue.again {
		r.report(*t.earlier)
	}
	for _, call := range r.queue.untried {
		r.report(result{ConferenceSid: r.conference, CallSid: call, Outcome: notTried, Reason: r.stopped})
	}
}

func (r *removal) progress(total, underWay int) string {
	decided := 0
	for _, n := range r.counts {
		decided += n
	}
	text := fmt.Sprintf("%d of %d decided, %d under way", decided, total, underWay)
	if r.queue.slow() {
		text += ", failing"
	}
	return text
}

// summarize ends the run on standard error, and returns the exit status.
func (r *removal) summarize() int {
	r.console.text(r.counts.String() + "\n")
	if r.foreign && !r.advised {
		r.console.note("not every response was the API's: check SIGNALWIRE_SPACE, -base-url and what is in between")
	}
	if len(r.counts) == 1 && r.counts[notFound] > 0 {
		r.console.note("nobody was found: check the conference SID, the call SIDs and -account")
	}
	if left := r.counts.left(); left > 0 && !r.dryRun {
		r.console.note("%d left: to go on, give what this run printed to the same command as input (see -h)", left)
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

// remove gives a participant one turn: a call of the client with its retries.
func (r *removal) remove(ctx context.Context, t task) result {
	ctx, call, leave := r.gate.enter(ctx, t.call)
	defer leave()
	_, err := r.client.DeleteParticipantWithResponse(ctx, r.account, r.conference, t.call)
	done := result{ConferenceSid: r.conference, CallSid: t.call, Attempts: call.attempts}
	if err != nil {
		done.describe(err)
	}
	if t.earlier != nil {
		done.Attempts += t.earlier.Attempts
		done.MaybeApplied = done.MaybeApplied || t.earlier.MaybeApplied
	}
	switch {
	case err == nil:
		done.Outcome, done.MaybeApplied = removed, false
	case call.attempts == 0 && ctx.Err() != nil && t.earlier != nil:
		return *t.earlier
	case call.attempts == 0 && ctx.Err() != nil:
		return result{ConferenceSid: r.conference, CallSid: t.call, Outcome: notTried, Reason: context.Cause(ctx).Error()}
	case errors.Is(err, signalwire.ErrNotFound):
		done.Outcome, done.Reason = notFound, ""
		if done.MaybeApplied {
			done.Reason = "an earlier attempt may have removed it"
		}
	case done.MaybeApplied:
		done.Outcome = unknown
	default:
		done.Outcome = failed
	}
	done.Done = r.isDone(done.Outcome)
	return done
}

// showAttempt prints an attempt, for -v.
func (r *removal) showAttempt(ctx context.Context, attempt signalwire.Attempt) {
	what := fmt.Sprintf("%d %s", attempt.StatusCode, http.StatusText(attempt.StatusCode))
	if attempt.Err != nil {
		what = reason(attempt.Err)
	}
	next := ""
	if attempt.RetryIn > 0 {
		next = fmt.Sprintf("; again in %v", attempt.RetryIn.Round(time.Millisecond))
	}
	r.console.text(fmt.Sprintf("%s  attempt %d, %v: %s %s%s\n", gatedCallOf(ctx).sid, attempt.Number,
		attempt.Elapsed.Round(time.Millisecond), attempt.Method, what, next))
}
