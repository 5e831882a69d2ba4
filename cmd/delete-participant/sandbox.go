package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// A sandbox imitates the service on a loopback address, with a conference of
// three. It prints each request and its response.
type sandbox struct {
	console    *console
	handler    *signalwiretest.Handler
	conference signalwire.ConferenceSid
	calls      []signalwire.CallSid
	server     http.Server
	baseURL    string
}

func openSandbox(console *console) (*sandbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the sandbox needs a loopback address: %w", err)
	}
	s := &sandbox{console: console, handler: signalwiretest.NewHandler("sandbox")}
	s.conference, s.calls = s.handler.AddConference(3)
	s.baseURL = "http://" + listener.Addr().String() + signalwiretest.BasePath
	s.server.Handler = http.HandlerFunc(s.serve)
	go func() { _ = s.server.Serve(listener) }()
	console.text("This is the sandbox: the service is imitated inside this program, and nothing real is touched.\n")
	return s, nil
}

func (s *sandbox) close() { _ = s.server.Close() }

// connect makes a client for the sandbox, as signalwire.NewFromEnv does for a
// space.
func (s *sandbox) connect(options ...signalwire.ClientOption) (*signalwire.ClientWithResponses, error) {
	options = append([]signalwire.ClientOption{signalwire.WithBaseURL(s.baseURL)}, options...)
	return signalwire.New("example", s.handler.ProjectID(), s.handler.APIToken(), options...)
}

// example returns arguments that remove the second participant.
func (s *sandbox) example() []string {
	return []string{s.conference.String(), s.calls[1].String()}
}

func (s *sandbox) show(when string) {
	var b strings.Builder
	participants := s.handler.Participants(s.conference)
	fmt.Fprintf(&b, "%s, conference %s has %s:\n", when, s.conference, plural(len(participants), "participant"))
	for _, call := range participants {
		fmt.Fprintf(&b, "  %s\n", call)
	}
	s.console.text(b.String())
}

func (s *sandbox) serve(w http.ResponseWriter, r *http.Request) {
	recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	s.handler.ServeHTTP(recorder, r)
	// The response is sent after this, so it is printed before the result.
	s.console.text(fmt.Sprintf("> %s %s\n< %d %s\n", r.Method, r.URL.EscapedPath(),
		recorder.status, http.StatusText(recorder.status)))
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
