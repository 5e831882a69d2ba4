// Package signalwire is a client for SignalWire's Compatibility REST API,
// generated from the vendor's OpenAPI document. It is not made or supported by
// SignalWire.
//
// So far the document describes one operation: it removes one participant from
// a conference call.
//
//	client, err := signalwire.NewFromEnv()
//	…
//	_, err = client.DeleteParticipantWithResponse(ctx, account, conference, call)
//	if err == nil {
//		// The service said that the participant was removed.
//	}
//
// [New] and [NewFromEnv] make a client that authenticates with HTTP Basic over
// https and sends through a [Doer]; all that is said here is about such clients.
// [NewClient] and [NewClientWithResponses] come from the generator and are
// unguarded.
//
// # Authentication, projects and accounts
//
// A project has an ID, which is a UUID, and API tokens, of which one with the
// scope Voice is needed; both are found in the dashboard of the space, which is
// the customer's subdomain of signalwire.com. An [AccountSid] is the project ID,
// or the SID of one of the project's subprojects, on whose behalf a request is
// then made. Credentials are sent to the base URL's scheme and host alone, and
// appear in no error.
//
// # Success
//
// An error that is nil means that the documented success was seen: 204 for
// DELETE, and for other methods a 2xx with JSON or without a body. Every other
// answer is an [*Error], redirects and other 2xx included; where no complete
// answer came, the error is a [*TransportError]. Only a 404 that the API itself
// wrote matches [ErrNotFound].
//
// # Retries
//
// A request is sent again, by default up to 3 times in 30 seconds with at most
// 10 seconds for each attempt,
//   - if its method is GET, HEAD, PUT or DELETE, and its body, if any, can be
//     read again,
//   - after 408, 429 and 5xx except 501 and 505, and after a connection that
//     could not be made or broke, or a time limit of the attempt's own,
//   - never after any other answer, one that was too long, an error of TLS or
//     certificates, an unknown host, a proxy's refusal, or when the context is
//     done,
//   - after a random delay that doubles its range from 200 ms up to 5 s, plus
//     what Retry-After asks for; if that is over 20 s, or the delay would pass a
//     deadline, the call returns at once,
//   - while the budget lasts: a service that answers nothing well sees about 1.1
//     requests per call.
//
// If an attempt may have been carried out without its success being seen, the
// error that is returned in the end says so in MaybeApplied.
// The retry policy may change between releases.
//
// # Time limits
//
// The context ends a call at any time, and its error and its cause both match.
// Without a deadline, a call ends after 30 seconds, and an attempt after 10; see
// [Doer]. Decide by the context's Err whether it was the context: errors of
// other time limits match context.DeadlineExceeded, too.
//
// # Proxies and HTTP clients
//
// Proxies come from the environment, as http.ProxyFromEnvironment says. For a
// private certificate authority, a proxy of one's own or other settings, see
// [NewTransport]. [WithHTTPClient] takes a *http.Client, whose transport, cookie
// jar and timeout are used; a [*Doer], whose limits are; or anything else that
// has its method Do.
//
// # Observation
//
// Nothing is logged. [Doer.OnAttempt] is called after every attempt and may feed
// log/slog or metrics; it is told nothing that names a participant. For
// OpenTelemetry, let a transport that makes spans send, and give it as the one
// of a *http.Client: otelhttp.NewTransport(signalwire.NewTransport()), for example,
// makes a span of each attempt, below the span of the call's context. The
// repository has it as an example in docs/opentelemetry.
//
// # Concurrency
//
// A client is safe for concurrent use, and so is everything else here that does
// not say otherwise. Make one client and keep it: it keeps up to 64 idle
// connections.
//
// # Testing
//
// Package signalwiretest is a test server for callers' tests, with the faults
// that a network and a service have.
//
// # Stability
//
// Versions follow semantic versioning. The interfaces [ClientInterface] and
// [ClientWithResponsesInterface] get a method for each operation that the
// vendor's document brings; do not implement them. The texts of errors and the
// retry policy may change between releases.
package signalwire

//go:generate go -C tools run ./contract -overlay ../api/corrections.overlay.yaml -o ../api/contract.yaml ../openapi.yaml
//go:generate go -C tools run ./generate
