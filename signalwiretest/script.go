package signalwiretest

import "sync"

// A script holds the responses to the next requests.
type script struct {
	mu        sync.Mutex
	responses []scripted
}

// A scripted response knows the line of the test that scripted it.
type scripted struct {
	Response
	at string
}

// Script makes the next requests get these responses, one each and in this order,
// after those that are left of earlier scripts. Then the Handler behaves normally
// again. Every request uses up one response, retries included, unless it breaks
// the contract. A response that cannot be sent fails the test, or panics without
// one.
func (h *Handler) Script(responses ...Response) {
	h.t.Helper()
	for _, response := range responses {
		if response.mistake != "" {
			h.t.Fatalf("signalwiretest: Script: %s", response.mistake)
			return
		}
	}
	at := testLine()
	h.script.mu.Lock()
	defer h.script.mu.Unlock()
	for _, response := range responses {
		h.script.responses = append(h.script.responses, scripted{response, at})
	}
}

// next removes the next response from the script, and returns it with the line
// that scripted it. It returns the zero Response if there is none.
func (s *script) next() (response Response, at string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.responses) == 0 {
		return Response{}, ""
	}
	next := s.responses[0]
	s.responses = s.responses[1:]
	return next.Response, next.at
}
