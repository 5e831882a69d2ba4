package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"example.com/signalwire"
)

// A connection is what a run talks to the service with.
type connection struct {
	*options
	console    *console
	gate       *gate
	client     *signalwire.ClientWithResponses
	account    signalwire.AccountSid
	interrupts <-chan os.Signal
	interrupt  os.Signal // the first one, or nil
}

// newClient makes a client, as signalwire.NewFromEnv does.
type newClient func(...signalwire.ClientOption) (*signalwire.ClientWithResponses, error)

// connect makes the client, which sends with the transport. It sends nothing.
func (c *connection) connect(newClient newClient, account string, transport http.RoundTripper) error {
	c.gate = newGate(transport)
	options := []signalwire.ClientOption{signalwire.WithHTTPClient(&signalwire.Doer{
		HTTPClient: &http.Client{Transport: c.gate},
		OnAttempt: func(ctx context.Context, attempt signalwire.Attempt) {
			c.gate.ended(ctx, attempt)
			if c.verbose {
				c.showAttempt(ctx, attempt)
			}
		},
	})}
	if c.baseURL != "" {
		options = append(options, signalwire.WithBaseURL(c.baseURL))
	}
	var err error
	if c.client, err = newClient(options...); err != nil {
		return err
	}
	c.account, err = signalwire.ParseAccountSid(account)
	return err
}

// errInterrupted is why nothing else is begun after an interrupt.
var errInterrupted = errors.New("interrupted")

// ask asks the service for something. It asks again for as long as -patience
// allows, if that may help. An interrupt ends it.
func (c *connection) ask(ctx context.Context, name string, ask func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() { ended <- c.askPatiently(ctx, name, ask) }()
	for {
		select {
		case err := <-ended:
			if err != nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				return &askError{name, err}
			}
			return nil
		case signal := <-c.interrupts:
			c.interrupt = signal
			cancel(errInterrupted)
		}
	}
}

// An askError says what the service was asked for in vain.
type askError struct {
	name string
	err  error
}

func (e *askError) Error() string { return "no " + e.name + ": " + reason(e.err) }
func (e *askError) Unwrap() error { return e.err }

func (c *connection) askPatiently(ctx context.Context, name string, ask func(context.Context) error) error {
	began := time.Now()
	var noted time.Time
	for {
		entered, _, leave := c.gate.enter(ctx, name)
		err := ask(entered)
		leave()
		if err == nil {
			return nil
		}
		var failed result
		failed.describe(err)
		pause := failed.pause(time.Since(began))
		if !failed.mayPass || time.Since(began)+pause > c.patience {
			return err
		}
		if time.Since(noted) >= time.Minute {
			noted = time.Now()
			c.console.note("%s: %s; asking again, for up to %v", name, failed.Reason, c.patience)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// refuse says why nobody is removed, and returns the exit status.
func (c *connection) refuse(err error) int {
	for line := range strings.SplitSeq(reason(err), "\n") {
		c.console.note("%s", line)
	}
	if c.interrupt != nil {
		return exitStatus(c.interrupt)
	}
	return exitNotDone
}

// showAttempt prints an attempt, for -v.
func (c *connection) showAttempt(ctx context.Context, attempt signalwire.Attempt) {
	what := fmt.Sprintf("%d %s", attempt.StatusCode, http.StatusText(attempt.StatusCode))
	if attempt.Err != nil {
		what = reason(attempt.Err)
	}
	next := ""
	if attempt.RetryIn > 0 {
		next = fmt.Sprintf("; again in %v", attempt.RetryIn.Round(time.Millisecond))
	}
	c.console.text(fmt.Sprintf("%s  attempt %d, %v: %s %s%s\n", gatedCallOf(ctx).name, attempt.Number,
		attempt.Elapsed.Round(time.Millisecond), attempt.Method, what, next))
}
