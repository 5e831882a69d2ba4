package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"example.com/signalwire"
)

// options are the values of the flags.
type options struct {
	account, baseURL string

	all, list, name                      bool
	dryRun, endConference, ignoreMissing bool
	json, sandbox, verbose, version      bool

	except            map[signalwire.CallSid]bool
	parallel          int
	patience, timeout time.Duration
}

const (
	defaultParallel = 8
	maxParallel     = 64 // how many idle connections the client keeps
	defaultPatience = 5 * time.Minute
)

// parseOptions parses the flags, and returns the arguments after them.
func parseOptions(args []string) (*options, []string, error) {
	o := &options{}
	flags := o.flags()
	if err := flags.Parse(args); err != nil {
		return nil, nil, err
	}
	if o.version {
		return o, nil, nil
	}
	return o, flags.Args(), o.check()
}

// flags returns the flags, which set o. The usage text describes them.
func (o *options) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("delete-participant", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("account", "", o.setAccount)
	flags.BoolVar(&o.all, "all", false, "")
	flags.Func("base-url", "", o.setBaseURL)
	flags.BoolVar(&o.dryRun, "dry-run", false, "")
	flags.BoolVar(&o.endConference, "end-conference", false, "")
	flags.Func("except", "", o.addExcept)
	flags.BoolVar(&o.ignoreMissing, "ignore-missing", false, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.BoolVar(&o.list, "list", false, "")
	flags.BoolVar(&o.name, "name", false, "")
	o.parallel = defaultParallel
	flags.Func("parallel", "", o.setParallel)
	o.patience = defaultPatience
	flags.Func("patience", "", setDuration(&o.patience))
	flags.BoolVar(&o.sandbox, "sandbox", false, "")
	flags.Func("timeout", "", setDuration(&o.timeout))
	flags.BoolVar(&o.verbose, "v", false, "")
	flags.BoolVar(&o.version, "version", false, "")
	return flags
}

// errEmpty is returned for an empty value, such as a shell variable that is unset.
var errEmpty = errors.New("it is empty; give a value, or leave the flag out")

func (o *options) setAccount(value string) error {
	o.account = value
	if value == "" {
		return errEmpty
	}
	return nil
}

func (o *options) setBaseURL(value string) error {
	o.baseURL = value
	if value == "" {
		return errEmpty
	}
	return nil
}

func (o *options) addExcept(value string) error {
	call, err := signalwire.ParseCallSid(value)
	if err != nil {
		return errors.New(reason(err))
	}
	if o.except == nil {
		o.except = make(map[signalwire.CallSid]bool)
	}
	o.except[call] = true
	return nil
}

func (o *options) setParallel(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxParallel {
		return fmt.Errorf("give a number from 1 to %d", maxParallel)
	}
	o.parallel = n
	return nil
}

func setDuration(d *time.Duration) func(string) error {
	return func(value string) error {
		parsed, err := time.ParseDuration(value)
		if err != nil || parsed < 0 {
			return errors.New("give a time with its unit, such as 90s or 5m, or 0")
		}
		*d = parsed
		return nil
	}
}

// check returns what is wrong with the flags in combination.
func (o *options) check() error {
	var problems []error
	if o.sandbox && (o.account != "" || o.baseURL != "") {
		problems = append(problems, errors.New("-sandbox makes up its account and its address; leave out -account and -base-url"))
	}
	if o.account != "" {
		if _, err := signalwire.ParseAccountSid(o.account); err != nil {
			problems = append(problems, fmt.Errorf("-account: %s", reason(err)))
		}
	}
	if len(o.except) > 0 && !o.all {
		problems = append(problems, errors.New("-except is for -all; otherwise only those are removed who are given"))
	}
	if o.list && (o.all || o.dryRun || o.endConference || o.ignoreMissing) {
		problems = append(problems, errors.New("-list removes nobody; leave out -all, -except, -dry-run, -end-conference and -ignore-missing"))
	}
	return errors.Join(problems...)
}

// isTour reports whether nothing is asked of the sandbox.
func (o *options) isTour() bool { return !o.all && !o.list && !o.name }

// isDone reports whether an outcome counts as success.
func (o *options) isDone(outcome outcome) bool {
	return outcome == removed || outcome == absent && (o.ignoreMissing || o.all)
}
