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
	conference signalwire.ConferenceSid
	calls      []signalwire.CallSid // each once, in the order in which they were given
	repeated   int                  // how many were left out of calls
	readsInput bool                 // an argument is -
	problems   problems

	isDone func(outcome) bool
	seen   map[signalwire.CallSid]bool // whether an earlier run has done it
}

// parseArguments parses all arguments, and puts what is wrong into the list's
// problems. isDone tells which outcomes of an earlier run count as success.
func parseArguments(args []string, isDone func(outcome) bool) *sidList {
	list := &sidList{isDone: isDone, seen: make(map[signalwire.CallSid]bool)}
	if len(args) < 2 {
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
			list.problems.add("%s: - stands for call SIDs, so the conference SID comes before it", place)
		case strings.HasPrefix(arg, "-"):
			list.problems.add("%s: flags come before the conference SID", place)
		case i == 0:
			var err error
			if list.conference, err = signalwire.ParseConferenceSid(arg); err != nil {
				list.problems.add("%s: %s", place, reason(err))
			}
		default:
			list.add(place, arg)
		}
	}
	return list
}

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
	case ok && !earlier.ConferenceSid.IsZero() && earlier.ConferenceSid != l.conference:
		l.problems.add("%s: this is the result of another conference", place)
		return true
	case ok:
		l.addCall(place, earlier.CallSid, l.isDone(earlier.Outcome))
		return true
	}
	line, _, _ = strings.Cut(line, "#")
	l.add(place, strings.TrimSpace(line))
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
