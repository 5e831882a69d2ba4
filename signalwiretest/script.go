package signalwiretest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"example.com/signalwire"
)

// A script holds responses to the next requests, in the order in which they were
// added.
type script struct {
	mu      sync.Mutex
	pending []scripted
}

// A scripted response is for whichever request comes, or for one that names a
// call.
type scripted struct {
	Response
	call signalwire.CallSid // zero for whichever
	at   string             // the line of the test that scripted it, or ""
}

// Script makes the next requests get these responses, one each and in this order,
// after those that are left of earlier scripts. Then the Handler behaves normally
// again. Every request uses up one response, retries included, unless it breaks
// the contract or [Handler.ScriptFor] has one for it.
//
// If no request has used a response when the test ends, that fails the test of a
// [Server]. One that cannot be sent fails it at once, or panics without a test.
func (h *Handler) Script(responses ...Response) {
	h.t.Helper()
	h.addScript("Script", signalwire.CallSid{}, responses)
}

// ScriptFor is [Handler.Script] for the next requests whose path names this call.
// Other requests use up nothing of it.
func (h *Handler) ScriptFor(call signalwire.CallSid, responses ...Response) {
	h.t.Helper()
	if call.IsZero() {
		h.t.Fatalf("signalwiretest: ScriptFor: the call SID is zero")
		return
	}
	h.addScript("ScriptFor", call, responses)
}

func (h *Handler) addScript(function string, call signalwire.CallSid, responses []Response) {
	h.t.Helper()
	at := testLine()
	added := make([]scripted, len(responses))
	for i, response := range responses {
		if response.mistake != "" {
			h.t.Fatalf("signalwiretest: %s: %s", function, response.mistake)
			return
		}
		added[i] = scripted{response, call, at}
	}
	h.script.mu.Lock()
	defer h.script.mu.Unlock()
	h.script.pending = append(h.script.pending, added...)
}

// Unused returns an error for each scripted response that no request has used, in
// order. It begins with the line of the test that scripted the response, if a test
// did.
func (h *Handler) Unused() []error {
	h.script.mu.Lock()
	defer h.script.mu.Unlock()
	errs := make([]error, len(h.script.pending))
	for i, each := range h.script.pending {
		errs[i] = errors.New("signalwiretest: no request has used a response of this script")
		if !each.call.IsZero() {
			errs[i] = fmt.Errorf("signalwiretest: no request for the call %v has used a response of this script", each.call)
		}
		if each.at != "" {
			errs[i] = fmt.Errorf("%s: %w", each.at, errs[i])
		}
	}
	return errs
}

// reportUnused fails the test for what is left of the script.
func (h *Handler) reportUnused() {
	h.t.Helper()
	for _, err := range h.Unused() {
		h.t.Errorf("%v", err)
	}
}

// reset forgets the script.
func (s *script) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = nil
}

// next removes the response to a request with these path parameters from the
// script. One for the call comes before one for whichever request.
func (s *script) next(parameters map[string]string) (next scripted, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return scripted{}, false
	}
	i := slices.IndexFunc(s.pending, func(each scripted) bool { return each.isFor(parameters) })
	if i < 0 {
		i = slices.IndexFunc(s.pending, func(each scripted) bool { return each.call.IsZero() })
	}
	if i < 0 {
		return scripted{}, false
	}
	next = s.pending[i]
	s.pending = slices.Delete(s.pending, i, i+1)
	return next, true
}

// isFor reports whether a path parameter is the call of the response.
func (s scripted) isFor(parameters map[string]string) bool {
	for _, text := range parameters {
		if call, err := signalwire.ParseCallSid(text); err == nil && call == s.call {
			return true
		}
	}
	return false
}
