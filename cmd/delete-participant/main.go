// Command delete-participant removes participants from a conference.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

const usage = `Usage: delete-participant [flags] CONFERENCE_SID CALL_SID...

Removes participants, each named by the SID of their call, from a conference.

Flags:
  -sandbox   show a removal from a made-up conference inside this program;
             nothing real is touched, and no arguments are needed

Environment:
  SIGNALWIRE_SPACE       the space, such as example or example.signalwire.com
                         (or SIGNALWIRE_SPACE_URL)
  SIGNALWIRE_PROJECT_ID  the project ID, which is also the account
  SIGNALWIRE_API_TOKEN   an API token of the project, with the scope Voice

Exit status: 0 if all were removed, 1 if some were not, 2 for a usage or
configuration error.
`

const (
	exitRemoved    = 0
	exitNotRemoved = 1
	exitUsage      = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("delete-participant", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	sandbox := flags.Bool("sandbox", false, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return exitRemoved
	} else if err != nil {
		fmt.Fprintf(stderr, "delete-participant: %v\n\n%s", err, usage)
		return exitUsage
	}
	if *sandbox {
		return runSandbox(ctx, flags.Args(), stdout, stderr)
	}

	conference, calls, err := parseSids(flags.Args())
	client, clientErr := signalwire.NewFromEnv()
	if err := errors.Join(err, clientErr); err != nil {
		fmt.Fprintf(stderr, "delete-participant: %v\nSee delete-participant -h, or try delete-participant -sandbox, which needs neither SIDs nor credentials.\n",
			strings.ReplaceAll(err.Error(), "\n", "\ndelete-participant: "))
		return exitUsage
	}
	account, err := signalwire.ParseAccountSid(os.Getenv("SIGNALWIRE_PROJECT_ID"))
	if err != nil {
		fmt.Fprintf(stderr, "delete-participant: %v\n", err)
		return exitUsage
	}
	return remove(ctx, client, account, conference, calls, stdout)
}

// parseSids checks every argument before the first request is sent.
func parseSids(args []string) (conference signalwire.ConferenceSid, calls []signalwire.CallSid, err error) {
	if len(args) < 2 {
		return conference, nil, errors.New("a conference SID and at least one call SID are needed")
	}
	conference, err = signalwire.ParseConferenceSid(args[0])
	if err != nil {
		return conference, nil, fmt.Errorf("argument 1: %w", err)
	}
	for i, arg := range args[1:] {
		call, err := signalwire.ParseCallSid(arg)
		if err != nil {
			return conference, nil, fmt.Errorf("argument %d: %w", i+2, err)
		}
		calls = append(calls, call)
	}
	return conference, calls, nil
}

func remove(ctx context.Context, client *signalwire.ClientWithResponses, account signalwire.AccountSid,
	conference signalwire.ConferenceSid, calls []signalwire.CallSid, stdout io.Writer,
) int {
	status := exitRemoved
	for _, call := range calls {
		if _, err := client.DeleteParticipantWithResponse(ctx, account, conference, call); err != nil {
			fmt.Fprintf(stdout, "%s  not removed: %v\n", call, err)
			status = exitNotRemoved
			continue
		}
		fmt.Fprintf(stdout, "%s  removed\n", call)
	}
	return status
}

// runSandbox sends a real request to a test server in this process.
func runSandbox(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		fmt.Fprintln(stderr, "delete-participant: -sandbox makes up its own conference and takes no SIDs")
		return exitUsage
	}
	handler := signalwiretest.NewHandler()
	server := httptest.NewServer(handler)
	defer server.Close()
	conference, calls := handler.AddConference(3)
	client, err := signalwire.New("example", signalwiretest.ProjectID, signalwiretest.APIToken,
		signalwire.WithBaseURL(server.URL+signalwiretest.BasePath))
	if err != nil {
		fmt.Fprintf(stderr, "delete-participant: %v\n", err)
		return exitUsage
	}
	account, err := signalwire.ParseAccountSid(signalwiretest.ProjectID)
	if err != nil {
		fmt.Fprintf(stderr, "delete-participant: %v\n", err)
		return exitUsage
	}
	show := func(when string) {
		fmt.Fprintf(stdout, "%s, conference %s has:\n", when, conference)
		for _, call := range handler.Participants(conference) {
			fmt.Fprintf(stdout, "  %s\n", call)
		}
	}
	fmt.Fprintln(stdout, "This is the sandbox: the server is inside this program, and nothing real is touched.")
	show("Before")
	status := remove(ctx, client, account, conference, calls[1:2], stdout)
	show("After")
	return status
}
