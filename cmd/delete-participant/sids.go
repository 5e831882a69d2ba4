package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/signalwire"
)

// A sidList holds the SIDs of the arguments and of standard input.
type sidList struct {
	conference signalwire.ConferenceSid // zero if there is a name instead
	name       string
	calls      []signalwire.CallSid // each once, in the order in which they were given
	repeated   int                  // how many were left out of calls
	readsInput bool                 // an argument is -
	problems   problems

	options  *options
	seen     map[signalwire.CallSid]bool // whether an earlier run has done it
	resultOf signalwire.ConferenceSid    // the conference of the results in the input
}

// parseArguments parses all arguments, and puts what is wrong into the list's
// problems.
func parseArguments(args []string, o *options) *sidList {
	list := &sidList{options: o, seen: make(map[signalwire.CallSid]bool)}
	switch {
	case o.list && len(args) > 1:
		list.problems.add("with -list, give one conference, or none for all")
	case o.all && len(args) != 1:
		list.problems.add("with -all, give the conference alone: no call SID, and no -")
	case !o.list && !o.all && len(args) < 2:
		list.problems.add("a conference SID and at least one call SID are needed")
	}
	for i, arg := range args {
		place := fmt.Sprintf("argument %d", i+1)
		switch {
		case arg == "-" && i > 0 && !list.readsInput:
			list.readsInput = true
		case arg == "-" && i > 0:
			list.problems.add("%s: - can be given once", place)
		case arg == "-":
			list.problems.add("%s: - stands for call SIDs, so the conference comes before it", place)
		case i == 0 && o.name:
			list.name = arg
		case strings.HasPrefix(arg, "-"):
			list.problems.add("%s: flags come before the conference", place)
		case i == 0:
			var err error
			if list.conference, err = signalwire.ParseConferenceSid(arg); err != nil {
				list.problems.add("%s: %s", place, notAConference(err))
			}
		default:
			list.add(place, arg)
		}
	}
	if o.name && list.name == "" {
		list.problems.add("-name needs the name of a conference as the first argument")
	}
	return list
}

// notAConference adds to a ParseConferenceSid error how a name is given.
func notAConference(err error) string { return reason(err) + " (or give -name)" }

const (
	maxLine  = 4096 // in bytes; more than any line that a run prints
	maxLines = 1_000_000
)

// readLines adds the call SIDs that the input has, one a line.
func (l *sidList) readLines(input io.Reader) {
	const name = "standard input"
	scanner := bufio.NewScanner(input)
	scanner.Buffer(nil, maxLine+len("\r\n"))
	number, found := 0, false
	for scanner.Scan() {
		number++
		place := fmt.Sprintf("%s, line %d", name, number)
		line := scanner.Text()
		switch {
		case number > maxLines:
			l.problems.add("%s: more than %d lines; split it", name, maxLines)
			return
		case strings.Contains(line, "\x00"):
			l.problems.add("%s: this is not UTF-8, but probably UTF-16; save it as UTF-8", place)
			return
		case len(line) > maxLine:
			l.problems.add(tooLong, place, maxLine)
			continue
		case number == 1:
			line = strings.TrimPrefix(line, "\ufeff") // Some editors on Windows put it there.
		}
		found = l.addLine(place, strings.TrimSpace(line)) || found
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		l.problems.add(tooLong, fmt.Sprintf("%s, line %d", name, number+1), maxLine)
	case err != nil:
		l.problems.add("%s: %v", name, err)
	case !found:
		l.problems.add("%s: there is no call SID in it", name)
	}
}

const tooLong = "%s: longer than %d bytes; put one call SID on a line"

// addLine adds the call SID of a line. It reports whether the line is meant to
// have one.
func (l *sidList) addLine(place, line string) bool {
	if strings.HasPrefix(line, "#") || line == "" {
		return false
	}
	switch earlier, ok, err := parseResult(line); {
	case err != nil:
		l.problems.add("%s: %s", place, reason(err))
		return true
	case ok && !l.isOf(earlier.ConferenceSid):
		l.problems.add("%s: this is the result of another conference", place)
		return true
	case ok:
		l.addCall(place, earlier.CallSid, l.options.isDone(earlier.Outcome))
		return true
	}
	line, _, _ = strings.Cut(line, "#")
	l.add(place, strings.TrimSpace(line))
	return true
}

// isOf reports whether a result is of the conference, or may be: of a name, the
// conference is found later.
func (l *sidList) isOf(conference signalwire.ConferenceSid) bool {
	if l.resultOf.IsZero() {
		l.resultOf = conference
	}
	of := l.conference
	if l.name != "" {
		of = l.resultOf
	}
	return conference.IsZero() || conference == of
}

// isWanted reports whether a conference is the one that was given, if any was.
func (l *sidList) isWanted(c signalwire.Conference) bool {
	switch {
	case l.name != "":
		return c.FriendlyName == l.name
	case !l.conference.IsZero():
		return c.Sid == l.conference
	}
	return true
}

func (l *sidList) add(place, text string) {
	call, err := signalwire.ParseCallSid(text)
	if err == nil {
		l.addCall(place, call, false)
		return
	}
	if end := strings.IndexAny(text, ",; \t"); end > 0 {
		if _, firstErr := signalwire.ParseCallSid(text[:end]); firstErr == nil {
			err = errors.New("something follows the call SID; give one at a time, without commas")
		}
	}
	l.problems.add("%s: %s", place, reason(err))
}

func (l *sidList) addCall(place string, call signalwire.CallSid, done bool) {
	before, again := l.seen[call]
	switch {
	case call.String() == l.conference.String():
		l.problems.add("%s: this is the conference SID again; pass the SID of a participant's call", place)
		return
	case again:
		l.repeated++
	default:
		l.calls = append(l.calls, call)
	}
	l.seen[call] = before || done
}

// leaveOutDone removes from the list what an earlier run has done, and returns how
// many SIDs that were.
func (l *sidList) leaveOutDone() int {
	given := len(l.calls)
	l.calls = slices.DeleteFunc(l.calls, func(call signalwire.CallSid) bool { return l.seen[call] })
	return given - len(l.calls)
}

// problems holds the first few things that are wrong with the SIDs, and counts
// the others.
type problems struct {
	first  []error
	others int
}

const maxProblems = 10

func (p *problems) add(format string, args ...any) {
	if len(p.first) == maxProblems {
		p.others++
		return
	}
	p.first = append(p.first, fmt.Errorf(format, args...))
}

func (p *problems) err() error {
	err := errors.Join(p.first...)
	if p.others > 0 {
		err = errors.Join(err, fmt.Errorf("and %d more like these", p.others))
	}
	return err
}
