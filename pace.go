package signalwire

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// A pacer decides when the attempts of one Doer's calls may begin. It does not
// refuse retries; it makes them wait.
//
// A retry after a failure takes a token from a bucket, as in the standard retry
// mode of the AWS SDKs. The bucket holds 10 tokens. It gains 10 a second, and 3
// for each response that is not worth a retry. So every call gets its retries
// while a good share of requests succeeds. While none does, about ten retries a
// second are sent, whatever the number of calls. (Client-side throttling in the
// SRE book, chapter "Handling Overload", has the same aim.)
//
// When the service names a time to come back, every attempt waits for it, first
// attempts included. Then every attempt takes a token, and the bucket starts
// with one token: one attempt begins, and each good response lets two follow.
// This ends when no attempt waits any more.
//
// The zero pacer is ready to use, and its bucket is full.
type pacer struct {
	mu        sync.Mutex
	spent     float64   // tokens that are missing from the bucket
	filled    time.Time // when spent was last reduced for the time that passed
	told      uint64    // the call told to come back later since the last good response, or 0
	heldUntil time.Time // when the service wants to be asked again
	reopening bool      // since heldUntil was set: every attempt takes a token
	line      list.List // of *turn, who has waited longest first
	timer     *time.Timer
}

const (
	paceBurst  = 10.0 // tokens
	paceRate   = 10.0 // tokens a second
	paceEarned = 3.0  // tokens for a good response
	paceReopen = 2.0  // the same, while the service is asked again after a wait

	// maxPaceWait is how long a call waits between its attempts, in all, before it
	// stops waiting for tokens. With the delays that may follow, which are at most
	// 6 s by default, a call on a dead service ends within 15 s.
	maxPaceWait = 8 * time.Second
)

// A turn is the place of an attempt in the line.
type turn struct {
	since    time.Time // when the call began to wait
	deadline time.Time // of the call
	limit    time.Time // when the attempt stops waiting; zero means half of the time left
	paced    bool      // it takes a token, even if nothing is held back
	ready    chan bool // true when the turn has come, false when it comes after the deadline
}

// A verdict is how waiting for a turn ended.
type verdict int

const (
	proceed verdict = iota
	tooLate         // the turn comes too late
	gaveUp          // the context is done
)

// wait returns when the attempt may begin, or when it is clear that it will not.
func (p *pacer) wait(ctx context.Context, t turn) verdict {
	p.mu.Lock()
	if !t.paced && !p.reopening || p.line.Len() == 0 && p.take(time.Now()) {
		p.mu.Unlock()
		return proceed
	}
	return p.waitInLine(ctx, t)
}

// waitInLine is called with the lock held, and releases it.
func (p *pacer) waitInLine(ctx context.Context, t turn) verdict {
	if !p.heldUntil.Before(t.deadline) {
		p.mu.Unlock()
		return tooLate
	}
	now := time.Now()
	if t.limit.IsZero() {
		opens := latest(now, p.heldUntil)
		t.limit = opens.Add(t.deadline.Sub(opens) / 2)
	}
	t.ready = make(chan bool, 1)
	place := p.enqueue(&t)
	p.dispatch(now)
	p.mu.Unlock()

	limit := time.NewTimer(t.limit.Sub(now))
	defer limit.Stop()
	select {
	case inTime := <-t.ready:
		if !inTime {
			return tooLate
		}
		return proceed
	case <-ctx.Done():
		p.leave(place)
		return gaveUp
	case <-limit.C:
		p.leave(place)
		return tooLate
	}
}

// enqueue adds an attempt to the line. The call that has waited longest is first;
// delays count as waiting.
func (p *pacer) enqueue(t *turn) *list.Element {
	for e := p.line.Back(); e != nil; e = e.Prev() {
		if !t.since.Before(e.Value.(*turn).since) {
			return p.line.InsertAfter(t, e)
		}
	}
	return p.line.PushFront(t)
}

func (p *pacer) leave(place *list.Element) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line.Remove(place) // This does nothing if its turn has come meanwhile.
	p.dispatch(time.Now())
}

// take takes a token, if there is one.
func (p *pacer) take(now time.Time) bool {
	if now.Before(p.heldUntil) {
		return false
	}
	p.fill(now)
	if p.spent > paceBurst-1 {
		return false
	}
	p.spent++
	return true
}

func (p *pacer) fill(now time.Time) {
	if passed := now.Sub(p.filled); passed > 0 {
		p.spent = max(p.spent-paceRate*passed.Seconds(), 0)
		p.filled = now
	}
}

// dispatch lets every attempt begin whose turn has come.
func (p *pacer) dispatch(now time.Time) {
	for first := p.line.Front(); first != nil && p.take(now); first = p.line.Front() {
		p.line.Remove(first)
		first.Value.(*turn).ready <- true
	}
	p.schedule(now)
}

// schedule makes sure that dispatch runs when the next token is there.
func (p *pacer) schedule(now time.Time) {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	if p.line.Len() == 0 {
		return
	}
	next := latest(now, p.heldUntil)
	if lacks := p.spent - (paceBurst - 1); lacks > 0 {
		next = latest(next, p.filled.Add(time.Duration(lacks/paceRate*float64(time.Second))+time.Microsecond))
	}
	p.timer = time.AfterFunc(next.Sub(now), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.dispatch(time.Now())
	})
}

// succeeded records a response that is not worth a retry.
func (p *pacer) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = 0
	if p.spent == 0 && p.line.Len() == 0 {
		p.reopening = false
		return
	}
	now := time.Now()
	if now.Before(p.heldUntil) {
		return // The request was sent before the service said when to come back.
	}
	p.fill(now)
	earned := paceEarned
	if p.reopening {
		earned = paceReopen
	}
	p.spent = max(p.spent-earned, 0)
	p.dispatch(now)
	p.reopening = p.reopening && p.line.Len() > 0
}

// comeBack records that the service told a call when to come back. It may have
// meant that call alone. Once it tells a second one, without a good response
// between the two, it means all calls.
func (p *pacer) comeBack(call uint64, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.told == 0 || p.told == call {
		p.told = call
		return
	}
	p.heldUntil = latest(p.heldUntil, at)
	p.reopening = true
	p.spent, p.filled = paceBurst-1, p.heldUntil
	for e := p.line.Front(); e != nil; {
		next := e.Next()
		if t := e.Value.(*turn); !p.heldUntil.Before(t.deadline) {
			p.line.Remove(e)
			t.ready <- false
		}
		e = next
	}
	p.schedule(time.Now())
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
