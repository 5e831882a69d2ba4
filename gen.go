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
// https and sends through a [Doer]. [NewClient] and [NewClientWithResponses]
// come from the generator and are unguarded.
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
// error that is returned in the end says so in MaybeApplied. The retry policy
// may change between releases.
package signalwire

//go:generate go -C tools run ./contract -overlay ../api/corrections.overlay.yaml -o ../api/contract.yaml ../openapi.yaml
//go:generate go tool -modfile=tools/go.mod oapi-codegen -config api/oapi-codegen.yaml api/contract.yaml
