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
// three. It can print each request and its response.
type sandbox struct {
	console *console
	verbose bool
	handler *signalwiretest.Handler
	calls   []signalwire.CallSid
	server  http.Server
	baseURL string
}

func openSandbox(console *console, verbose bool) (*sandbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the sandbox needs a loopback address: %w", err)
	}
	s := &sandbox{console: console, verbose: verbose, handler: signalwiretest.NewHandler("sandbox")}
	_, s.calls = s.handler.Add(signalwiretest.Conference{FriendlyName: sandboxName, Participants: []signalwiretest.Participant{
		{EndConferenceOnExit: true}, {Muted: true}, {Hold: true},
	}})
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

// tour finds a conference, and removes everybody but one, a command each. The flags
// of c that choose nothing hold for both.
func (s *sandbox) tour(c *connection) int {
	moderator := s.calls[0].String()
	for _, command := range [][]string{
		{"-list"},
		{"-name", "-all", "-except", moderator, sandboxName},
	} {
		s.console.text("$ delete-participant " + strings.Join(command, " ") + "\n")
		o, args, err := parseOptions(command)
		if err != nil {
			panic(err) // The commands are those above.
		}
		o.parallel, o.json, o.verbose, o.patience, o.timeout = 1, c.json, c.verbose, c.patience, c.timeout
		next := &connection{options: o, console: c.console, interrupts: c.interrupts}
		if status := next.run(args, strings.NewReader(""), s.connect, s.handler.ProjectID()); status != exitDone {
			return status
		}
	}
	return exitDone
}

func (s *sandbox) serve(w http.ResponseWriter, r *http.Request) {
	recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	s.handler.ServeHTTP(recorder, r)
	if s.verbose {
		// The response is sent after this, so it is printed before the result.
		s.console.text(fmt.Sprintf("> %s %s\n< %d %s\n", r.Method, r.URL.RequestURI(),
			recorder.status, http.StatusText(recorder.status)))
	}
}

const sandboxName = "stand-up"

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
