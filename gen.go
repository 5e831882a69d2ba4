// Package signalwire is a client for SignalWire's Compatibility REST API,
// generated from the vendor's OpenAPI document. SignalWire neither makes nor
// supports it.
//
// The document describes one operation so far: it removes one participant from a
// conference call.
//
//	client, err := signalwire.NewFromEnv()
//	…
//	_, err = client.DeleteParticipantWithResponse(ctx, account, conference, call)
//	if err == nil {
//		// The service said that it removed the participant.
//	}
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
// [AccountFromEnv] returns the project's own. Credentials go to the scheme and
// host of the base URL alone, and no error shows them.
//
// # Success
//
// A nil error means that the service reported success: it responded 204 to a
// DELETE, and to any other method a 2xx with JSON or without a body. Any other
// response is an [*Error], redirects and other 2xx included. If no complete
// response came, or nothing was sent, the error is a [*TransportError]. No error
// is both. Only a 404 that the API itself wrote matches [ErrNotFound].
//
// If an attempt may have been carried out, but its success was not seen, the
// error says so in MaybeApplied.
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
// Never retried are any other response, one that is too long, an error of TLS or
// certificates, an unknown host, a proxy's refusal other than a 5xx, and a call
// whose context is done.
//
// Delays are random, and their range doubles: 100 to 200 ms at first, and 1.6 to
// 3.2 s before the sixth attempt. So a call outlasts an outage of three seconds.
//
// A token bucket paces the retries of a Doer, so that its calls do not make an
// outage worse. Each retry takes a token, and each good response puts some back.
// While requests succeed, every call has all of its attempts. While nothing
// succeeds, about ten retries a second are sent, whatever the number of calls. A
// retry without a token waits in line. Once a call has waited 8 seconds in all, it
// returns the last response instead. The scheme follows the token buckets of the
// standard retry mode of the AWS SDKs, and client-side throttling in the chapter
// Handling Overload of Google's book Site Reliability Engineering.
//
// Retry-After is heeded, in seconds and as a date. After a 429 or 503 with a wait
// of up to 20 seconds, the retry takes no token. When the service tells a second
// call in a row to wait, all calls of the Doer wait, first attempts included, and
// then start one by one. A call whose time ends before that sends one attempt at
// once. A longer wait than 20 seconds ends the call that was told.
//
// An idle HTTP/1 connection that turns out to be dead says nothing about the
// service. Its request is retried without being counted.
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
