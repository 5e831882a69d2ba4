// Command signalwiretest serves the test server of package signalwiretest, so that
// tests in any language, and a person with curl, can use it:
//
//	go run ./cmd/signalwiretest
//
// It prints where it is, with which credentials, and who is in its conference. A
// small interface in JSON, at /control, scripts faults and shows what happened. A
// GET of /control says what there is, and -h prints the usage text.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"example.com/signalwire/signalwiretest"
)

const usage = `signalwiretest serves a made-up SignalWire, for tests in any language.

  signalwiretest                           serve it, and say where it is
  signalwiretest >env & sleep 1; set -a; . ./env
                                           and let what this shell starts use it
  curl --json '{"responses":[{"kind":"html","status":503}]}' $CONTROL_URL/script
                                           have the next request fail

Everything that can be scripted, changed and shown is described by
  curl $CONTROL_URL

Flags:
  -addr HOST:PORT  where to listen (default 127.0.0.1:0, which is any free port,
                   and reached from this machine only)
  -name NAME       the credentials and the SIDs are made from it, so one name
                   always gives the same (default signalwiretest)
  -participants N  how many are in the conference, from 0 to 1000 (default 3)
  -tls FILE        serve the API over TLS and HTTP/2, and write the certificate,
                   which clients have to trust, to the file
  -quiet           do not log the requests

Standard output has these lines. The server is ready when it prints them:
  SIGNALWIRE_BASE_URL=...    these three are what signalwire.NewFromEnv and
  SIGNALWIRE_PROJECT_ID=...  delete-participant read
  SIGNALWIRE_API_TOKEN=...
  CONFERENCE_SID=...         the conference, whose friendly name is stand-up
  CALL_SIDS=...,...          who is in it
  CONTROL_URL=...            the last line; it has a port of its own

Standard error has a line for each request to the API, once it has ended: the
time, the method, the path without the query, and the status, or "cut" if the
connection was cut instead.

SIGINT, SIGTERM and SIGHUP end it at once, and what hangs with it.

Exit status: 0 after a signal, 1 if it could not serve, 2 if the arguments are
wrong.
`

const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // A reader of the log that is gone ends nothing.
	interrupts := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // nohup makes the program ignore SIGHUP.
			signal.Notify(interrupts, s)
		}
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, interrupts))
}

// options are the values of the flags.
type options struct {
	addr, name   string
	tlsFile      string
	participants int
	quiet        bool
}

const maxParticipants = 1000 // The environment of a process has room for so many SIDs.

func parseOptions(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("signalwiretest", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:0", "")
	flags.StringVar(&o.name, "name", "signalwiretest", "")
	flags.StringVar(&o.tlsFile, "tls", "", "")
	flags.IntVar(&o.participants, "participants", 3, "")
	flags.BoolVar(&o.quiet, "quiet", false, "")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	_, _, err := net.SplitHostPort(o.addr)
	switch {
	case flags.NArg() > 0:
		return nil, errors.New("there are arguments after the flags; give none")
	case err != nil:
		return nil, errors.New("-addr: give a host and a port, such as 127.0.0.1:8080")
	case o.name == "":
		return nil, errors.New("-name: it is empty; give a name, or leave the flag out")
	case o.participants < 0 || o.participants > maxParticipants:
		return nil, fmt.Errorf("-participants: give a number from 0 to %d", maxParticipants)
	}
	return o, nil
}

// run is the program. It serves until there is an interrupt.
func run(args []string, stdout, stderr io.Writer, interrupts <-chan os.Signal) int {
	o, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "signalwiretest: %v\nsignalwiretest -h prints the usage.\n", err)
		return exitUsage
	}
	if err := o.serve(stdout, stderr, interrupts); err != nil {
		fmt.Fprintf(stderr, "signalwiretest: %v\n", err)
		return exitFailed
	}
	return exitDone
}

func (o *options) serve(stdout, stderr io.Writer, interrupts <-chan os.Signal) error {
	control := newControl(o.name, o.participants)
	logger := newLogger(stderr)
	control.api = &api{address: o.addr, tlsFile: o.tlsFile, errorLog: logger, handler: control.handler}
	if !o.quiet {
		control.api.handler = logged(control.handler, logger)
	}
	defer control.api.stop()
	defer control.handler.Close()
	if err := control.api.start(); err != nil {
		return err
	}
	host := control.api.at.IP
	if control.loopback = host.IsLoopback(); !control.loopback {
		fmt.Fprintf(stderr, "signalwiretest: %v is no loopback address: whoever reaches this machine there can use and change the test server\n", host)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host.String(), "0"))
	if err != nil {
		return err
	}
	server := http.Server{Handler: control, ErrorLog: logger}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	if _, err := io.WriteString(stdout, control.environment(listener.Addr().(*net.TCPAddr))); err != nil {
		return fmt.Errorf("standard output cannot be written: %w", err)
	}
	select {
	case err := <-served:
		return err
	case <-interrupts:
		return nil
	}
}

// environment returns what a shell can evaluate, and a test parse.
func (c *control) environment(address *net.TCPAddr) string {
	first := c.projects[0]
	conference := first.conferences[0]
	calls := make([]string, len(conference.CallSids))
	for i, call := range conference.CallSids {
		calls[i] = call.String()
	}
	return "SIGNALWIRE_BASE_URL=" + c.api.url() + signalwiretest.BasePath +
		"\nSIGNALWIRE_PROJECT_ID=" + first.ProjectID() +
		"\nSIGNALWIRE_API_TOKEN=" + first.APIToken() +
		"\nCONFERENCE_SID=" + conference.ConferenceSid.String() +
		"\nCALL_SIDS=" + strings.Join(calls, ",") +
		"\nCONTROL_URL=http://" + reachable(address) + controlPath + "\n"
}

// reachable returns an address that leads to where a server listens.
func reachable(address *net.TCPAddr) string {
	if address.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(address.Port))
	}
	return address.String()
}

func newLogger(stderr io.Writer) *log.Logger { return log.New(stderr, "", log.Ltime|log.Lmicroseconds) }

// logged logs a line for each request, without anything that may be secret.
func logged(next http.Handler, logger *log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := &statusRecorder{w, "cut"}
		defer func() {
			// The quotes escape control characters.
			line := strconv.QuoteToASCII(r.Method + " " + r.URL.EscapedPath() + " " + recorder.status)
			logger.Print(line[1 : len(line)-1])
		}()
		next.ServeHTTP(recorder, r)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status string
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = strconv.Itoa(status)
	r.ResponseWriter.WriteHeader(status)
}
