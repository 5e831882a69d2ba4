// Package signalwiretest imitates SignalWire's Compatibility API for tests.
//
//	srv := signalwiretest.NewServer(t)
//	conference, calls := srv.AddConference(3)
//	client := srv.Client()
//	srv.Script(signalwiretest.Unavailable(), signalwiretest.ActThenDisconnect())
//
// [NewServer] serves it to one test; [NewHandler] is the http.Handler behind
// it, for everything else. Conferences and their participants are kept in
// memory: with the right credentials and account, a participant is removed
// and answered 204; unknown ones are answered 404, wrong credentials and
// accounts 401, malformed SIDs 422. [Handler.Script] has the next requests fail
// in the ways in which the network and the service do.
//
// Every request and every answer is validated against the contract that the
// client is generated from, so a test that passes here has spoken the
// service's language, as far as the vendor documents it. [ValidateTraffic]
// does the same with traffic to the live service.
//
// It does not imitate calls and their states, conferences that begin or end by
// themselves, participants that rejoin, subprojects, scopes of tokens, rate
// limits or latency. The texts of its errors are its own. An operation that
// the contract has and that is not imitated is answered 501.
package signalwiretest

import (
	"net/http/httptest"

	"example.com/signalwire"
)

// TB is what a [Server] needs of a test. Every testing.TB is one; the testing
// package stays out of programs that only use a [Handler].
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Server is a [Handler] that is served on a loopback address for one test.
type Server struct {
	*Handler
	URL string // the base URL, which ends in [BasePath]
	t   TB
}

// NewServer serves a [Handler] until the test ends. The test fails if a
// request or an answer breaks the contract.
func NewServer(t TB) *Server {
	t.Helper()
	handler := newHandler(func(violation error) { t.Errorf("%v", violation) })
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		close(handler.closed)
		server.Close()
	})
	return &Server{Handler: handler, URL: server.URL + BasePath, t: t}
}

// Client returns a client made by [signalwire.New] that sends to the server with
// the right credentials. Options come behind those that lead it there. The
// account of the credentials is [Server.Account].
func (s *Server) Client(opts ...signalwire.ClientOption) *signalwire.ClientWithResponses {
	s.t.Helper()
	opts = append([]signalwire.ClientOption{signalwire.WithBaseURL(s.URL)}, opts...)
	client, err := signalwire.New("example", ProjectID, APIToken, opts...)
	if err != nil {
		s.t.Fatalf("signalwiretest: %v", err)
	}
	return client
}

// Account returns the account of the server's credentials.
func (s *Server) Account() signalwire.AccountSid {
	account, err := signalwire.ParseAccountSid(ProjectID)
	if err != nil {
		panic(err) // It is a constant.
	}
	return account
}
