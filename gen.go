// Package signalwire is a client for SignalWire's Compatibility REST API. It is
// generated from the vendor's page of one operation, which removes a participant
// from a conference call, plus four read operations that we describe ourselves,
// from the vendor's reference. SignalWire neither makes nor supports it.
//
//	client, err := signalwire.NewFromEnv()
//	…
//	account, err := signalwire.AccountFromEnv()
//	…
//	removal, err := client.EnsureRemoved(ctx, account, conference, call)
//	if err == nil {
//		// The participant is out: removal says whether this call did it.
//	}
//
// [ClientWithResponses.EnsureRemoved] removes a participant until it is certain, and
// tells removed, absent and a wrong conference apart. DeleteParticipantWithResponse
// removes with one call. The lists of conferences and participants have iterators.
//
// [New] and [NewFromEnv] make a client that authenticates with HTTP Basic over
// https and sends through a [Doer]. This page is about such clients. [NewClient]
// and [NewClientWithResponses] come from the generator and have no guards.
//
// # Authentication, projects and accounts
//
// A project has an ID, which is a UUID, and API tokens. The client needs a token
// with the scope Voice. Both are in the dashboard of the space, which is the
// customer's subdomain of signalwire.com. An [AccountSid] is the project ID, or
// the SID of one of the project's subprojects; requests are made on its behalf.
// [AccountFromEnv] returns the one that is the project ID. Credentials go to the
// scheme and host of the base URL alone, and no error shows them.
//
// # Success
//
// A nil error means that the service reported a success that its contract
// documents: 204 for a DELETE, and for other methods a documented 2xx with a body
// that decodes, or without one if none is documented. Any other response is an
// [*Error], redirects and other 2xx included. If no complete
// response came, or nothing was sent, the error is a [*TransportError]. No error
// is both. Only a 404 that the API itself wrote matches [ErrNotFound].
//
// A request may have been carried out although its success was not seen. The
// error then has MaybeApplied set; the function [MaybeApplied] asks any error.
//
// # Retries
//
// By default, a call makes up to 6 attempts within 30 seconds, each of at most 10
// seconds. [Doer] changes these limits. A failed attempt is retried if all of
// this holds:
//   - The method is GET, HEAD, PUT or DELETE, and the body, if any, can be read
//     again.
//   - The response was 408, 429 or a 5xx other than 501 and 505; or the
//     connection could not be made, or broke; or the attempt timed out.
//   - The delay, and an attempt after it, fit into the time that is left.
//
// Nothing else is retried: no other response, and none that is too long; no error
// of TLS or certificates; no unknown host; no refusal by a proxy other than a
// 5xx; no call whose context is done.
//
// Delays are random, and their range doubles: 100 to 200 ms at first, and 1.6 to
// 3.2 s before the sixth attempt. So a call outlasts an outage of three seconds.
//
// A token bucket paces the retries of a Doer, so that its calls do not make an
// outage worse. It holds 10 tokens, and gains 10 a second and 3 for each good
// response. Each retry takes one. So every call has all of its attempts while
// requests succeed, and about ten retries a second are sent while none does,
// whatever the number of calls. A retry without a token waits in line. A call
// that has waited for 8 seconds in all returns its last error instead. By default,
// a call to a service that fails at once ends within 15 seconds. The scheme
// follows the token buckets of the standard retry mode of the AWS SDKs, and
// client-side throttling in the chapter Handling Overload of Google's book Site
// Reliability Engineering.
//
// Retry-After is heeded, in seconds of any length and as a date. If it asks for
// more than 20 seconds, the call returns at once. Otherwise the retry waits that
// long, and after a 429 or 503 it takes no token. When the service tells a second
// call in a row to wait, all calls of the Doer wait, first attempts included, and
// then start one by one. A call that would run out of time makes one attempt at
// once instead.
//
// An idle HTTP/1 connection that turns out to be dead says nothing about the
// service. Its request is retried, and the attempt does not count, unless
// MaxAttempts is 1.
//
// The retry policy may change between releases.
//
// # Time limits
//
// The context ends a call at any time. The error then matches both the context's
// error and its cause. A call ends after 30 seconds at the latest, whatever the
// context's deadline, and an attempt after 10; see [Doer]. Ask the context's Err
// whether it was the context that ended the call. The error alone does not tell:
// a timeout of the transport's own, such as its dialer's, also matches
// context.DeadlineExceeded. The limits of a Doer do not.
//
// # Proxies and HTTP clients
//
// Proxies come from the environment, as http.ProxyFromEnvironment says. For a
// private certificate authority, a proxy of your own or other settings, see
// [NewTransport]. [WithHTTPClient] takes a *http.Client, of which the transport,
// the cookie jar and the timeout are used; a [*Doer], which brings its limits; or
// anything else that has the method Do. If the program put a type of its own into
// http.DefaultTransport before the client was made, the client sends with that.
//
// # Observation
//
// The client logs nothing. [Doer.OnAttempt] is called after every attempt and may
// feed log/slog or metrics. It is told nothing that names a participant. For
// OpenTelemetry, give a *http.Client a transport that makes spans. For example,
// otelhttp.NewTransport(signalwire.NewTransport()) makes a span of each attempt,
// below the span in the call's context.
//
// # Concurrency
//
// A client is safe for concurrent use, and so is everything else here that does
// not say otherwise. Make one client and keep it. It keeps up to 64 idle
// connections.
//
// # Webhooks
//
// Package webhook verifies and reads what the service posts when somebody joins.
//
// # Testing
//
// Package signalwiretest is a test server for your tests, with the faults that a
// network and a service have.
//
// # Stability
//
// Versions follow semantic versioning. The interfaces [ClientInterface] and
// [ClientWithResponsesInterface] get a method for each operation that the
// vendor's document brings, so do not implement them. The texts of errors and
// the retry policy may change between releases.
package signalwire

//go:generate go -C tools run . -root .. generate
