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

	"example.com/signalwire"
)

const (
	exitDone    = 0
	exitNotDone = 1
	exitUsage   = 2
	exitSignal  = 128 // and the signal's number
)

func main() {
	// A write to a broken pipe becomes an error, so that the other results go to
	// standard error.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // nohup makes the program ignore SIGHUP.
			signal.Notify(signals, s)
		}
	}
	interrupts := make(chan os.Signal, 2)
	go func() {
		interrupts <- <-signals
		second := <-signals
		for second == syscall.SIGHUP { // Kernel and shell both send one when a terminal is gone.
			second = <-signals
		}
		interrupts <- second
		signal.Stop(signals) // The third one kills the program, even if it is blocked.
	}()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, interrupts))
}

// run is the program. Only the credentials come from the process's environment
// instead of its arguments. A signal from interrupts asks it to stop.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, interrupts <-chan os.Signal) int {
	out := newConsole(stdout, stderr)
	o, args, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return out.respond(usage)
	case err != nil:
		return out.refuse(err)
	case o.version:
		return out.respond(version())
	}
	c := &connection{options: o, console: out, interrupts: interrupts}
	if !o.sandbox {
		account := cmp.Or(o.account, os.Getenv("SIGNALWIRE_PROJECT_ID"))
		return c.run(args, stdin, signalwire.NewFromEnv, account)
	}
	box, err := openSandbox(out, o.verbose)
	if err != nil {
		return out.refuse(err)
	}
	defer box.close()
	if len(args) == 0 && o.isTour() {
		return box.tour(c)
	}
	return c.run(args, stdin, box.connect, box.handler.ProjectID())
}

// run does what the options and the arguments ask for.
func (c *connection) run(args []string, stdin io.Reader, newClient newClient, account string) int {
	ctx, stop := c.limit(context.Background())
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	list := parseArguments(args, c.options)
	if err := c.connect(newClient, account, signalwire.NewTransport()); err != nil {
		return c.console.refuse(errors.Join(list.problems.err(), err))
	}
	if list.readsInput {
		if status, ok := readInput(ctx, c.console, list, stdin, c.interrupts); !ok {
			return status
		}
	}
	if err := list.problems.err(); err != nil {
		return c.console.refuse(err)
	}
	if c.list {
		return c.showList(ctx, list)
	}
	if list.repeated > 0 {
		c.console.note("left out what was given again: %s", plural(list.repeated, "call SID"))
	}
	if calls := list.leaveOutDone(); calls > 0 {
		c.console.note("left out what was done before: %s", plural(calls, "call SID"))
	}
	if len(list.calls) == 0 && !c.all {
		c.console.note("nothing is left to do")
		return exitDone
	}
	if c.name {
		var err error
		if list.conference, err = c.find(ctx, list.name); err != nil {
			return c.refuse(err)
		}
		if !list.resultOf.IsZero() && list.resultOf != list.conference {
			return c.refuse(errors.New("standard input has results of another conference than " + list.conference.String()))
		}
	}
	r := removal{connection: c, conference: list.conference}
	return r.run(ctx, cancel, list.calls)
}

// limit returns a context that -timeout ends.
func (o *options) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("the -timeout of %v is over", o.timeout))
}

// readInput makes the list read standard input to its end. If an interrupt or the
// -timeout comes first, ok is false, and status is the exit status.
func readInput(ctx context.Context, out *console, list *sidList, stdin io.Reader, interrupts <-chan os.Signal) (status int, ok bool) {
	if isTerminal(stdin) {
		out.note("reading call SIDs from the terminal, one a line; Ctrl-D on a line of its own ends them")
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		list.readLines(stdin)
	}()
	select {
	case <-read:
		return 0, true
	case signal := <-interrupts:
		out.note("interrupted while reading standard input; nothing was sent")
		return exitStatus(signal), false
	case <-ctx.Done():
		out.note("%v, and standard input has not ended; nothing was sent", context.Cause(ctx))
		return exitNotDone, false
	}
}

// exitStatus returns the status that a shell reports for a program ended by the
// signal.
func exitStatus(interrupt os.Signal) int {
	if number, ok := interrupt.(syscall.Signal); ok {
		return exitSignal + int(number)
	}
	return exitSignal
}

func version() string {
	text := "delete-participant"
	if build, ok := debug.ReadBuildInfo(); ok {
		text += " " + cmp.Or(build.Main.Version, "(devel)")
	}
	return text + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
}
