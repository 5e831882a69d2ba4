// Package signalwire is a client for SignalWire's Compatibility REST API,
// generated from the vendor's OpenAPI document. It is not made or supported by
// SignalWire.
//
// So far the document describes one operation: it removes one participant from
// a conference call.
//
//	client, err := signalwire.New(space, projectID, apiToken)
//	…
//	response, err := client.DeleteParticipantWithResponse(ctx, account, conference, call)
//
// [New] and [NewFromEnv] make a client that authenticates with HTTP Basic over
// https, follows no redirect and gives up after 30 seconds. [NewClient] and
// [NewClientWithResponses] come from the generator and do none of this.
//
// The participant was removed if the error is nil and the response's
// StatusCode is 204. A 404 means that the account, the conference or the call
// is not known, so that there is nobody to remove any more, or that one of
// them was wrong.
package signalwire

//go:generate go -C tools run ./contract -overlay ../api/corrections.overlay.yaml -o ../api/contract.yaml ../openapi.yaml
//go:generate go tool -modfile=tools/go.mod oapi-codegen -config api/oapi-codegen.yaml api/contract.yaml
