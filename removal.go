package signalwire

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// A Removal says what became of a participant that should be removed.
type Removal int

const (
	// RemovalUnknown comes with every error. The participant may still be in the
	// conference.
	RemovalUnknown Removal = iota

	// Removed means that the service confirmed the removal, or that the participant
	// is out and a request of this call may have done it.
	Removed

	// Absent means that the participant was not in the conference. They may have
	// left before, or the conference had ended. No request of this call is known to
	// have removed them.
	Absent
)

// String returns "unknown", "removed" or "absent".
func (r Removal) String() string {
	switch r {
	case RemovalUnknown:
		return "unknown"
	case Removed:
		return "removed"
	case Absent:
		return "absent"
	}
	return "Removal(" + strconv.Itoa(int(r)) + ")"
}

// ErrUnknownConference is matched by the [*Error] that EnsureRemoved returns if the
// account has no conference of this SID: the SID or the account is wrong. It is
// not [ErrNotFound], which reads as "already gone".
var ErrUnknownConference = errors.New("signalwire: the account has no such conference")

// maxRemovalTime bounds EnsureRemoved, whatever the context's deadline.
const maxRemovalTime = 60 * time.Second

var errUnguarded = errors.New("signalwire: EnsureRemoved needs a client that New made")

// EnsureRemoved removes one participant from a conference, and finds out what
// became of them.
//
// A nil error promises that the account has the conference, and that the
// participant was not in it at some moment between the call's start and its
// return. It does not promise that they stay out. They may join again, and a
// request that the network held back may arrive after the return and then remove
// them again.
//
// EnsureRemoved sends a DELETE, and a 204 is [Removed]. If the API responds 404, or
// the response is 400, as for a conference that has ended, it asks for the
// conference. The participant is out if the account has the conference and, after a
// 400, it is completed: [Removed] if a DELETE of this call may have been carried
// out, else [Absent]. If the account does not have the conference, the error
// matches [ErrUnknownConference].
//
// Anything else leaves open what became of the participant, and EnsureRemoved sends
// again, after the delays of a [Doer]. It gives up after 60 seconds, or when the
// context is done. No request takes more than half of the time that is left then.
// It also gives up at once after a 401 or a 403, if nothing was sent, and if the
// API refused every DELETE for another reason, so that none can have been carried
// out. The error is that of the last request, an [*Error] or a [*TransportError].
// Its MaybeApplied says whether any DELETE of this call may have been carried out.
//
// EnsureRemoved assumes three things of the service. It sends a 204 after the
// removal. Its 404 to a DELETE is not stale: the participant is out at that moment,
// or the conference is unknown. And it shows a conference only to the account that
// has it.
//
// A client that [New] did not make gets an error, and nothing is sent. EnsureRemoved
// is safe for concurrent use.
func (c *ClientWithResponses) EnsureRemoved(ctx context.Context, account AccountSid, conference ConferenceSid, call CallSid) (Removal, error) {
	switch {
	case !c.isGuarded():
		return RemovalUnknown, notSent(ctx, nil, errUnguarded)
	case isNil(ctx):
		return RemovalUnknown, notSent(ctx, nil, errNilContext)
	}
	r := removal{client: c, account: account, conference: conference, call: call, ends: time.Now().Add(maxRemovalTime)}
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(r.ends) {
		r.ends = deadline
	}
	for round := 0; ; round++ {
		verdict, err := r.try(ctx)
		if err == nil {
			return verdict, nil
		}
		if r.isFinal(ctx, err) {
			return RemovalUnknown, r.withMaybe(err)
		}
		if err := r.wait(ctx, round, err); err != nil {
			return RemovalUnknown, r.withMaybe(err)
		}
	}
}

// isGuarded reports whether New made the client.
func (c *ClientWithResponses) isGuarded() bool {
	client, ok := c.ClientInterface.(*Client)
	if ok {
		_, ok = client.Client.(*guardedClient)
	}
	return ok
}

// A removal is one call of EnsureRemoved.
type removal struct {
	client     *ClientWithResponses
	account    AccountSid
	conference ConferenceSid
	call       CallSid
	ends       time.Time
	maybe      bool  // a DELETE may have been carried out
	refusal    error // the 404 or 400 of the last DELETE, until the conference explains it
}

// try does what is next, and returns an error unless it found out what became of
// the participant.
func (r *removal) try(ctx context.Context) (Removal, error) {
	if r.refusal == nil {
		err := r.step(ctx, r.remove)
		if err == nil {
			return Removed, nil
		}
		r.maybe = r.maybe || MaybeApplied(err)
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrBadRequest) {
			return RemovalUnknown, err
		}
		r.refusal = err
	}
	var completed bool
	err := r.step(ctx, func(ctx context.Context) (err error) {
		completed, err = r.askForConference(ctx)
		return err
	})
	if err != nil {
		return RemovalUnknown, err
	}
	if err := r.refusal; errors.Is(err, ErrBadRequest) && !completed {
		r.refusal = nil // It was about something else, or the conference is about to end.
		return RemovalUnknown, err
	}
	if r.maybe {
		return Removed, nil
	}
	return Absent, nil
}

func (r *removal) remove(ctx context.Context) error {
	_, err := r.client.DeleteParticipantWithResponse(ctx, r.account, r.conference, r.call)
	return err
}

// askForConference reports whether the conference is completed. A nil error means
// that the account has the conference.
func (r *removal) askForConference(ctx context.Context) (completed bool, err error) {
	response, err := r.client.RetrieveConferenceWithResponse(ctx, r.account, r.conference)
	switch known := (*Error)(nil); {
	case errors.Is(err, ErrNotFound) && errors.As(err, &known):
		unknown := *known
		unknown.sentinel = ErrUnknownConference
		return false, &unknown
	case err != nil:
		return false, err
	case response.JSON200 == nil || response.JSON200.Sid != r.conference:
		return false, &Error{StatusCode: response.StatusCode(), Attempts: 1, unexpected: "the body is not this conference"}
	}
	return response.JSON200.Status == ConferenceStatusCompleted, nil
}

// step does something within half of the time that is left, so that there is time
// for something else after it.
func (r *removal) step(ctx context.Context, do func(context.Context) error) error {
	half := time.Until(r.ends) / 2
	limited, cancel := context.WithTimeout(ctx, half)
	defer cancel()
	err := do(limited)
	var (
		failure *TransportError
		done    *contextError
	)
	if errors.As(err, &failure) && errors.As(failure.Err, &done) && !contextDone(ctx) {
		// It was not the caller's context.
		timedOut := timeLimitError{"the request", half.Round(time.Millisecond)}
		return &TransportError{failure.Attempts, failure.MaybeApplied, fmt.Errorf("%w%s", timedOut, done.before)}
	}
	return err
}

// isFinal reports whether sending again is of no use.
func (r *removal) isFinal(ctx context.Context, err error) bool {
	if contextDone(ctx) || errors.Is(err, errNotSent) || errors.Is(err, ErrUnknownConference) {
		return true
	}
	response := (*Error)(nil)
	if !errors.As(err, &response) {
		failure := (*TransportError)(nil)
		return errors.As(err, &failure) && !failure.Retryable() && !r.maybe
	}
	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return true
	case http.StatusBadRequest:
		return false
	}
	isAPIs := !errors.Is(err, ErrUnexpectedResponse)
	return isAPIs && !response.Retryable() && !r.maybe
}

// wait waits before the next round. It returns the call's error if there is no time
// for one.
func (r *removal) wait(ctx context.Context, round int, last error) error {
	delay := backoff(round, rand.Float64())
	attempts := 0
	switch response, failure := (*Error)(nil), (*TransportError)(nil); {
	case errors.As(last, &response):
		attempts = response.Attempts
		delay += min(response.RetryAfter, maxRemovalTime)
	case errors.As(last, &failure):
		attempts = failure.Attempts
	}
	if !time.Now().Add(delay).Before(r.ends) {
		return last
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &TransportError{Attempts: attempts, Err: contextErrorOf(ctx, last)}
	}
}

// withMaybe returns a request's error with the MaybeApplied of the whole call.
func (r *removal) withMaybe(err error) error {
	switch response, failure := (*Error)(nil), (*TransportError)(nil); {
	case errors.As(err, &response):
		last := *response
		last.MaybeApplied = r.maybe
		return &last
	case errors.As(err, &failure):
		last := *failure
		last.MaybeApplied = r.maybe
		return &last
	}
	return err
}
