package main

import (
	"time"

	"example.com/signalwire"
)

// A queue holds the participants that are still to be removed, and decides when
// the next removal begins. While removals fail for a reason that may pass, it
// slows down.
type queue struct {
	untried []signalwire.CallSid
	again   []task // in the order in which they failed
	// patience is how long to go on after the last result that was not such a
	// failure. 0 means that no removal is repeated.
	patience time.Duration
	good     time.Time // when that result came, or the run began
	failures int       // how many came since then
	resume   time.Time // nothing is begun before
}

// A task is to remove one participant.
type task struct {
	call      signalwire.CallSid
	earlier   *result // of earlier turns, or nil
	notBefore time.Time
}

const (
	minPause = time.Second
	maxPause = 15 * time.Second
)

// slow reports whether only one removal at a time may be under way. One failure
// alone says more about the participant than about the service.
func (q *queue) slow() bool { return q.failures > 1 }

func (q *queue) len() int { return len(q.untried) + len(q.again) }

// next returns the next task of a queue that is not empty.
func (q *queue) next() task {
	if len(q.untried) > 0 {
		return task{call: q.untried[0], notBefore: q.resume}
	}
	next := q.again[0]
	if next.notBefore.Before(q.resume) {
		next.notBefore = q.resume
	}
	return next
}

// take takes the next task off the queue.
func (q *queue) take() {
	if len(q.untried) > 0 {
		q.untried = q.untried[1:]
		return
	}
	q.again = q.again[1:]
}

// decided notes a result that will not change.
func (q *queue) decided(now time.Time) {
	q.good, q.failures, q.resume = now, 0, time.Time{}
}

// repeat gives a participant another turn, after the others. The longer the
// service has been failing, the longer is the pause.
func (q *queue) repeat(done result, now time.Time) {
	q.failures++
	until := now.Add(done.pause(now.Sub(q.good)))
	q.again = append(q.again, task{done.CallSid, &done, until})
	if q.slow() && until.After(q.resume) {
		q.resume = until
	}
}

// pause is how long to wait after a failure if the service has been failing for a
// while.
func (r *result) pause(failing time.Duration) time.Duration {
	return max(r.retryAfter, min(max(failing/4, minPause), maxPause))
}

// hopeless reports whether a task's turn comes later than patience allows.
func (q *queue) hopeless(t task) bool { return t.notBefore.After(q.good.Add(q.patience)) }
