// Package signalwiretest imitates SignalWire's Compatibility API for tests.
//
//	srv := signalwiretest.NewServer(t)
//	conference, calls := srv.AddConference(3)
//	client := srv.Client()
//	srv.Script(signalwiretest.Unavailable(), signalwiretest.ActThenDisconnect())
//
// [NewServer] serves it to one test, on a loopback address or in memory, with or
// without TLS. [NewHandler] returns the http.Handler alone, for everything else.
// The program cmd/signalwiretest serves it to other languages.
//
// [Handler.Script] makes the next requests fail in the ways in which the network
// and the service do, [Handler.ScriptFor] those for one call, and
// [Handler.UseProfile] all of them, as a service in trouble does.
//
// Every request, and every response in the API's name, is validated against the
// contract that the client is generated from. A test that passes here has
// spoken the service's language, as far as the vendor documents it.
// [ValidateTraffic] does the same with traffic to the live service.
//
// # What is imitated
//
//   - Conferences and their participants are kept in memory. Removing a participant
//     gets 204. A participant or a conference that is unknown gets 404, and a
//     participant of a completed conference 400.
//   - Conferences have names, states and dates, and can be listed and retrieved;
//     so can their participants, with their flags. Pages are those of the contract,
//     and their tokens are cursors.
//   - Participants join, leave and rejoin as a test says; see [Project.Join]. A
//     conference ends as a test says, or when somebody with EndConferenceOnExit
//     leaves or is removed.
//   - What happens in the conferences is posted to a webhook, signed; see
//     [Project.PostCallbacks].
//   - There can be several projects, and subprojects, for which the credentials of
//     the project above them are good, too. Requests without credentials, with
//     other credentials or for another account get 401. Malformed SIDs get 422.
//   - A path, a method or a base path that the API does not have gets 404 with
//     an HTML page, as from the live service. The client does not take that for
//     "not found".
//   - Errors have the shape that the contract documents.
//
// # What is not imitated
//
//   - Operations other than these five. Each of the others in the contract gets a
//     success made from its schema: valid, without meaning, and the same for the
//     same request. A list has no further page. [Handler.OnMadeUp] tells.
//   - Calls and their states; conferences that begin or end by themselves; a
//     conference that waits for a participant with StartConferenceOnEnter.
//   - The clock. Dates are made up, and are the same in each run.
//   - The scopes of a token, several tokens of a project, and expired ones.
//   - Rate limits and latency, unless a script, a profile or
//     [Handler.SetLatency] says so.
//   - The texts and codes of errors. They are this package's own.
//   - Other webhooks than a conference's. A project has one, for all of its
//     conferences and all events; at the vendor, the first participant chooses.
//   - The service's certificates and host names, and its limits of sizes.
package signalwiretest
