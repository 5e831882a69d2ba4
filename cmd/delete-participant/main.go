// Command delete-participant removes participants from a conference; see its
// usage text, which -h prints.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"example.com/signalwire"
)

const usage = `Usage: delete-participant [flags] CONFERENCE_SID CALL_SID...

Removes participants, each named by the SID of their call, from a conference.
Where a CALL_SID is -, call SIDs are read from standard input, one a line;
blank lines and what follows a # are skipped. All SIDs are checked before the
first request. One that is given twice is removed once.

Flags, which come before the SIDs:
  -account SID     the account, if it is a subproject (default: the project)
  -base-url URL    where the API is, such as a proxy: https, or http on a
                   loopback address, with the path /api/laml/2010-04-01
  -dry-run         check everything, send nothing
  -ignore-missing  a participant who is not found counts as done
  -json            print a line of JSON for each participant
  -parallel N      requests at the same time, from 1 to 64 (default 8)
  -sandbox         use a made-up conference inside this program; nothing real
                   is touched, and neither credentials nor SIDs are needed
  -timeout D       time for the whole run, such as 90s (default 0: no limit)
  -v               print every attempt to standard error
  -version         print the version

Environment:
  SIGNALWIRE_SPACE       the space, such as example or example.signalwire.com
                         (or SIGNALWIRE_SPACE_URL)
  SIGNALWIRE_PROJECT_ID  the project ID
  SIGNALWIRE_API_TOKEN   an API token of the project, with the scope Voice

Standard output has a line for each participant, as soon as it is decided:
  removed    the service said so
  not found  the service knows no such participant in that conference; after an
             attempt that ended without an answer, that one may be the reason
  failed     not removed
  unknown    the request may have been carried out, but no answer said so
  not tried  nothing was sent

An interrupt lets the requests under way end, and starts no others. A second
one gives those up, and a third one kills the program. No others are started
either after the credentials were refused (401 or 403), or when the results
cannot be written; standard error then has the rest of them.

Exit status: 0 if all are done, 1 if some are not or the results could not be
written, 2 if the arguments or the environment are wrong, 130 if interrupted
(143 if terminated).
`

const (
	exitDone    = 0
	exitNotDone = 1
	exitUsage   = 2
	exitSignal  = 128 // and the signal's number
)

func main() {
	// A write to a broken pipe has to be an error, or nobody learns the rest.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	interrupts := make(chan os.Signal, 2)
	go func() {
		interrupts <- <-signals
		interrupts <- <-signals
		signal.Stop(signals) // The third one helps if writing blocks.
	}()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, interrupts))
}

// run is the program, except that the credentials come from the process's
// environment. What comes from interrupts is a request to stop.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, interrupts <-chan os.Signal) int {
	out := newConsole(stdout, stderr)
	o := &options{}
	flags := o.flags()
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return out.answer(usage)
	case err == nil && o.version:
		return out.answer(version())
	case err == nil:
		err = o.check()
	}
	if err != nil {
		return out.refuse(err)
	}
	args = flags.Args()

	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if o.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("the -timeout of %v is over", o.timeout))
		defer stop()
	}

	connect, account := signalwire.NewFromEnv, cmp.Or(o.account, os.Getenv("SIGNALWIRE_PROJECT_ID"))
	var box *sandbox
	if o.sandbox {
		if box, err = openSandbox(out); err != nil {
			return out.refuse(err)
		}
		defer box.close()
		if len(args) == 0 {
			args = box.example()
		}
		connect, account = box.connect, box.handler.ProjectID()
	}
	r := removal{options: o, console: out, counts: make(tally)}
	list := parseArguments(args)
	if err := r.connect(connect, account); err != nil {
		return out.refuse(errors.Join(list.problems.err(), err))
	}
	if list.readsInput {
		read := make(chan struct{})
		go func() {
			defer close(read)
			list.readLines(stdin)
		}()
		select {
		case <-read:
		case signal := <-interrupts:
			out.note("interrupted while reading standard input; nothing was sent")
			return exitStatus(signal)
		case <-ctx.Done():
			out.note("%v, and standard input has not ended; nothing was sent", context.Cause(ctx))
			return exitNotDone
		}
	}
	if err := list.problems.err(); err != nil {
		return out.refuse(err)
	}
	if list.repeated > 0 {
		out.note("left out what was given again: %s", plural(list.repeated, "call SID"))
	}
	if box != nil {
		box.show("Before")
		defer box.show("After")
	}
	r.conference = list.conference
	return r.run(ctx, cancel, list.calls, interrupts)
}

// exitStatus is what a shell makes of a program that the signal ended.
func exitStatus(interrupt os.Signal) int {
	if number, ok := interrupt.(syscall.Signal); ok {
		return exitSignal + int(number)
	}
	return exitSignal
}

// options are what the flags say.
type options struct {
	account, baseURL string

	dryRun, ignoreMissing, json, sandbox, verbose, version bool

	parallel int
	timeout  time.Duration
}

func (o *options) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("delete-participant", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.account, "account", "", "")
	flags.StringVar(&o.baseURL, "base-url", "", "")
	flags.BoolVar(&o.dryRun, "dry-run", false, "")
	flags.BoolVar(&o.ignoreMissing, "ignore-missing", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.IntVar(&o.parallel, "parallel", 8, "")
	flags.BoolVar(&o.sandbox, "sandbox", false, "")
	flags.DurationVar(&o.timeout, "timeout", 0, "")
	flags.BoolVar(&o.verbose, "v", false, "")
	flags.BoolVar(&o.version, "version", false, "")
	return flags
}

// maxParallel is how many idle connections the client keeps.
const maxParallel = 64

func (o *options) check() error {
	var problems []error
	if o.parallel < 1 || o.parallel > maxParallel {
		problems = append(problems, fmt.Errorf("-parallel is %d; give a number from 1 to %d", o.parallel, maxParallel))
	}
	if o.timeout < 0 {
		problems = append(problems, fmt.Errorf("-timeout is %v; give a time such as 90s, or 0 for no limit", o.timeout))
	}
	if o.sandbox && (o.account != "" || o.baseURL != "") {
		problems = append(problems, errors.New("-sandbox makes up its account and its address; leave out -account and -base-url"))
	}
	if o.account != "" {
		if _, err := signalwire.ParseAccountSid(o.account); err != nil {
			problems = append(problems, fmt.Errorf("-account: %s", reason(err)))
		}
	}
	return errors.Join(problems...)
}

func version() string {
	text := "delete-participant"
	if build, ok := debug.ReadBuildInfo(); ok {
		text += " " + cmp.Or(build.Main.Version, "(devel)")
	}
	return text + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
}
