package wiretest

import "net/http"

// A Sequence responds to each request with the next step, and stays at the last.
type Sequence struct {
	steps    []Sender
	Requests int
}

// InTurn returns a Sequence.
func InTurn(steps ...Sender) *Sequence { return &Sequence{steps: steps} }

// Do makes a Sequence an HTTP client.
func (s *Sequence) Do(r *http.Request) (*http.Response, error) {
	s.Requests++
	return s.steps[min(s.Requests, len(s.steps))-1](r)
}
