// Package signalwiretest imitates SignalWire's Compatibility API for tests.
//
//	srv := signalwiretest.NewServer(t)
//	conference, calls := srv.AddConference(3)
//	client := srv.Client()
//	srv.Script(signalwiretest.Unavailable(), signalwiretest.ActThenDisconnect())
//
// [NewServer] serves it to one test. [NewHandler] returns the http.Handler
// alone, for everything else. [Handler.Script] makes the next requests fail in
// the ways in which the network and the service do.
//
// Every request, and every response in the API's name, is validated against the
// contract that the client is generated from. A test that passes here has
// spoken the service's language, as far as the vendor documents it.
// [ValidateTraffic] does the same with traffic to the live service.
//
// # What is imitated
//
//   - Conferences and their participants are kept in memory, for one account.
//     Removing a participant gets 204. A participant or a conference that is
//     unknown gets 404.
//   - Requests without credentials, with other credentials or for another
//     account get 401. Malformed SIDs get 422.
//   - A path, a method or a base path that the API does not have gets 404 with
//     an HTML page, as from the live service. The client does not take that for
//     "not found".
//   - Errors have the shape that the contract documents.
//
// # What is not imitated
//
//   - Operations other than the removal of a participant. Each of the others
//     gets a success made from its schema in the contract: valid, without
//     meaning, and the same for the same request. A list has no further page.
//     [Handler.OnMadeUp] tells.
//   - Calls and their states; conferences that have names, begin, end or are
//     completed; participants who leave or rejoin by themselves.
//   - Several accounts on one server, subprojects, and the scopes of a token.
//   - Rate limits and latency, unless a script says so.
//   - The texts of errors. They are this package's own.
//   - Webhooks and TLS.
package signalwiretest
