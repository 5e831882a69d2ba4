package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"example.com/signalwire"
)

const (
	onlyDryRun   = "dry run"
	wouldEnd     = "the conference would end for everybody; -end-conference allows it"
	maxRounds    = 5 // of -all
	stillComing  = "somebody is still there after the last round"
	notThereLine = "not in the conference"
)

// removeThese removes the participants that were given. One list of the
// conference decides who is refused, and what -dry-run shows.
func (r *removal) removeThese(ctx context.Context, cancel context.CancelCauseFunc, calls []signalwire.CallSid) {
	there, err := r.participants(ctx, r.conference, func(p participant) bool { return p.ends || r.dryRun })
	r.queue.untried = calls
	if err != nil {
		r.stopWithout(err)
		r.reportRest()
		return
	}
	listed := make(map[signalwire.CallSid]participant, len(there))
	for _, p := range there {
		listed[p.call] = p
	}
	if r.dryRun {
		r.stop(onlyDryRun)
	}
	r.queue.untried = slices.DeleteFunc(calls, func(call signalwire.CallSid) bool {
		p, ok := listed[call]
		return r.spare(call, p, ok)
	})
	r.remove(ctx, cancel)
}

// spare reports the participant if nothing is sent because of the list: that would
// end the conference, or it is a dry run.
func (r *removal) spare(call signalwire.CallSid, p participant, there bool) bool {
	refused := p.ends && !r.endConference
	if !refused && !r.dryRun {
		return false
	}
	spared := result{
		ConferenceSid: r.conference, CallSid: call, Outcome: notTried, Reason: onlyDryRun,
		Muted: p.muted, Hold: p.hold, EndConferenceOnExit: p.ends,
	}
	switch {
	case refused && r.dryRun:
		spared.Reason = onlyDryRun + ": " + p.flags() + ": refused without -end-conference"
	case refused:
		spared.Reason = wouldEnd
	case !there:
		spared.Reason = onlyDryRun + ": " + notThereLine
	case p.flags() != "":
		spared.Reason = onlyDryRun + ": " + p.flags()
	}
	if refused {
		r.refused++
	}
	r.report(spared)
	return true
}

// stopWithout stops the run because there is no list.
func (r *removal) stopWithout(err error) {
	var failed result
	failed.describe(err)
	failed.wrong = errors.Is(err, signalwire.ErrNotFound)
	if failed.isHopeless() {
		r.giveUp(failed)
		return
	}
	r.stop(reason(err))
	r.console.note("%s; nobody else is removed", r.stopped)
}

// removeEverybody lists, removes and lists again, until nobody is there but those
// who are left in.
func (r *removal) removeEverybody(ctx context.Context, cancel context.CancelCauseFunc) {
	spared := maps.Clone(r.except)
	if spared == nil {
		spared = make(map[signalwire.CallSid]bool)
	}
	for round := 0; r.stopped == ""; round++ {
		there, err := r.participants(ctx, r.conference, everybody)
		if err != nil {
			r.stopWithout(err)
			break
		}
		if round == 0 && !r.isThere(r.except, there) {
			break
		}
		if r.dryRun {
			r.stop(onlyDryRun)
		}
		// Who ends the conference goes last, so that the others are removed and not
		// just gone.
		slices.SortStableFunc(there, func(a, b participant) int { return order(a.ends) - order(b.ends) })
		for _, p := range there {
			if spared[p.call] || r.spare(p.call, p, true) {
				spared[p.call] = true
				continue
			}
			next := task{call: p.call}
			if earlier, ok := r.open[p.call]; ok {
				next.earlier = &earlier
				delete(r.open, p.call)
			}
			r.queue.again = append(r.queue.again, next)
		}
		r.reportGone()
		if r.queue.len() == 0 {
			break
		}
		if round == maxRounds {
			r.stop(stillComing)
		}
		r.remove(ctx, cancel)
	}
	for _, open := range r.open {
		r.report(open)
	}
}

func order(ends bool) int {
	if ends {
		return 1
	}
	return 0
}

// isThere reports whether all those are there who have to stay. If somebody is
// missing, the SID may be a wrong one, and nobody is removed.
func (r *removal) isThere(except map[signalwire.CallSid]bool, there []participant) bool {
	missing := maps.Clone(except)
	for _, p := range there {
		delete(missing, p.call)
	}
	for call := range missing {
		r.notDone++
		r.stop("-except is not in the conference")
		r.console.note("-except %s: not in the conference, so nobody is removed; leave it out if that is right", call)
	}
	return len(missing) == 0
}

// reportGone reports those who could not be removed, and are not listed any more.
func (r *removal) reportGone() {
	for _, gone := range r.open {
		gone.Outcome, gone.Reason = absent, ""
		if gone.MaybeApplied {
			gone.Outcome, gone.MaybeApplied = removed, false
		}
		gone.Done = true
		r.report(gone)
	}
	clear(r.open)
}
