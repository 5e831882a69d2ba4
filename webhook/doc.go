// Package webhook verifies and reads the requests by which SignalWire tells a
// program what happens: who joined a conference, for example.
//
//	verifier := &webhook.Verifier{URL: "https://example.com/joined", Keys: []string{signingKey}}
//	…
//	if err := verifier.Verify(r); err != nil {
//		// Anybody may have sent it: do nothing.
//	}
//	event, err := webhook.ParseConferenceEvent(r)
//
// Do not act on a request that [Verifier.Verify] refuses. Verify first, then
// parse: [ParseConferenceEvent] reads any request.
//
// The vendor waits 5 seconds for a response, so respond first and act after that.
// It sends a request up to three times, late, and not in order. [SignForm] and
// [SignJSON] sign the requests of a test, and package signalwiretest sends them.
//
// With GODEBUG=fips140=only, which forbids SHA-1, nothing can be verified: Verify
// refuses every request, and the two functions return "".
package webhook
