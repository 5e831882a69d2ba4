package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/signalwire"
)

// A removal removes participants of one conference. Its fields change while it
// runs, in the goroutine that called run.
type removal struct {
	*connection
	conference signalwire.ConferenceSid

	queue     queue
	open      map[signalwire.CallSid]result // with -all: of those whom another round may remove
	stopped   string                        // why nothing else is begun, or ""
	counts    tally
	notDone   int
	refused   int       // would have ended the conference
	foreign   bool      // a response was probably not the API's
	advised   bool      // a note said what to check
	slowNoted time.Time // when a note said that the run is slow
}

// errGivenUp is the cause of requests that end at the second interrupt.
var errGivenUp = errors.New("interrupted twice")

// progressFrom is the number of participants from which progress is shown.
const progressFrom = 10

// run removes the participants, or with -all everybody, reports each of them once,
// and returns the exit status. It returns when no request is under way any more.
// The second interrupt calls cancel, which ends those that are.
func (r *removal) run(ctx context.Context, cancel context.CancelCauseFunc, calls []signalwire.CallSid) int {
	r.counts, r.open = make(tally), make(map[signalwire.CallSid]result)
	if r.all {
		r.removeEverybody(ctx, cancel)
	} else {
		r.removeThese(ctx, cancel, calls)
	}
	return r.summarize()
}

// remove removes the participants of the queue.
func (r *removal) remove(ctx context.Context, cancel context.CancelCauseFunc) {
	total := r.queue.len()
	work, results := make(chan task), make(chan result)
	defer close(work)
	for range min(r.parallel, total) {
		go func() {
			for t := range work {
				results <- r.removeOne(ctx, t)
			}
		}()
	}
	r.queue.patience, r.queue.good = r.patience, time.Now()
	var tick <-chan time.Time
	if total >= progressFrom && r.console.terminal {
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
			r.console.show(r.progress(total, underWay))
		case <-timeout:
			timeout = nil
			r.stop(context.Cause(ctx).Error())
		case signal := <-r.interrupts:
			if r.interrupt != nil {
				cancel(errGivenUp)
				break
			}
			r.interrupt = signal
			r.stop(errInterrupted.Error())
			r.console.note("interrupted: waiting for %s under way; interrupt again to give up", plural(underWay, "request"))
		}
	}
	r.console.show("")
	r.reportRest()
}

// next returns the next task with the channel that takes it, or a channel that
// says when to ask again, or neither if a result has to come first.
func (r *removal) next(work chan<- task, underWay int) (task, chan<- task, <-chan time.Time) {
	if r.stopped != "" || r.queue.len() == 0 || r.queue.slow() && underWay > 0 {
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

// receive reports a result, or keeps the participant for another turn or round.
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
	if r.all && !done.Done && r.stopped == "" && !done.isHopeless() {
		r.open[done.CallSid] = done
		return
	}
	r.report(done)
	if r.stopped == "" && done.isHopeless() {
		r.giveUp(done)
	}
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
}

// giveUp stops the run because the next request would fail like the last.
func (r *removal) giveUp(last result) {
	why, check := last.advice()
	r.stop(why)
	r.advised = true
	r.console.note("%s, so no other request is begun: check %s", why, check)
}

// reportRest reports the participants that had no turn, or no further one.
func (r *removal) reportRest() {
	for _, t := range r.queue.again {
		if t.earlier != nil {
			r.report(*t.earlier)
		} else {
			r.report(r.notTried(t.call))
		}
	}
	for _, call := range r.queue.untried {
		r.report(r.notTried(call))
	}
	r.queue = queue{}
}

func (r *removal) notTried(call signalwire.CallSid) result {
	return result{ConferenceSid: r.conference, CallSid: call, Outcome: notTried, Reason: r.stopped}
}

func (r *removal) progress(total, underWay int) string {
	text := fmt.Sprintf("%d of %d decided, %d under way", total-r.queue.len()-underWay, total, underWay)
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
	if len(r.counts) == 1 && r.counts[absent] > 0 && !r.all {
		r.console.note("none of them is in this conference: check the SIDs")
	}
	if left := r.counts.left() - r.refused; left > 0 && !r.dryRun {
		hint := "to go on, give what this run printed to the same command as input (see -h)"
		if r.all {
			hint = "to go on, run the same command again"
		}
		r.console.note("%d left: %s", left, hint)
	}
	switch {
	case r.interrupt != nil:
		return exitStatus(r.interrupt)
	case r.console.broken:
		return exitNotDone
	case r.stopped == onlyDryRun:
		return exitDone
	case r.notDone > 0, r.all && r.stopped != "": // No list says that nobody is there.
		return exitNotDone
	}
	return exitDone
}

// maxTurn is how long a turn takes at most. After that, the queue decides when the
// participant has another one.
const maxTurn = 15 * time.Second

// removeOne gives a participant one turn: a call of EnsureRemoved.
func (r *removal) removeOne(ctx context.Context, t task) result {
	ctx, call, leave := r.gate.enter(ctx, t.call.String())
	defer leave()
	turn, cancel := context.WithTimeout(ctx, maxTurn)
	defer cancel()
	verdict, err := r.client.EnsureRemoved(turn, r.account, r.conference, t.call)
	done := result{ConferenceSid: r.conference, CallSid: t.call, Attempts: call.attempts}
	if err != nil {
		done.describe(err)
		done.mayPass = done.mayPass || turn.Err() != nil && ctx.Err() == nil
	}
	if t.earlier != nil {
		done.Attempts += t.earlier.Attempts
		done.MaybeApplied = done.MaybeApplied || t.earlier.MaybeApplied
	}
	switch {
	case err == nil && (verdict == signalwire.Removed || done.MaybeApplied):
		done.Outcome, done.MaybeApplied = removed, false
	case err == nil:
		done.Outcome = absent
	case call.attempts == 0 && ctx.Err() != nil && t.earlier != nil:
		return *t.earlier
	case call.attempts == 0 && ctx.Err() != nil:
		return result{ConferenceSid: r.conference, CallSid: t.call, Outcome: notTried, Reason: context.Cause(ctx).Error()}
	case done.MaybeApplied:
		done.Outcome = unknown
	default:
		done.Outcome = failed
	}
	done.Done = r.isDone(done.Outcome)
	return done
}
