package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"example.com/signalwire"
)

// A sidList is what the arguments and standard input name.
type sidList struct {
	conference signalwire.ConferenceSid
	calls      []signalwire.CallSid // each once, in the order in which they were given
	repeated   int                  // how many were left out of calls
	readsInput bool                 // an argument is -
	problems   problems

	seen map[signalwire.CallSid]bool
}

// parseArguments parses all arguments. What is wrong is in the list's problems.
func parseArguments(args []string) *sidList {
	list := &sidList{seen: make(map[signalwire.CallSid]bool)}
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
	maxLine  = 1000
	maxLines = 1_000_000
)

// readLines adds the call SIDs that the input has, one a line.
func (l *sidList) readLines(input io.Reader) {
	const name = "standard input"
	scanner := bufio.NewScanner(input)
	scanner.Buffer(nil, maxLine)
	number, found := 0, false
	for scanner.Scan() {
		number++
		if number > maxLines {
			l.problems.add("%s: more than %d lines; split it", name, maxLines)
			return
		}
		line := scanner.Text()
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff") // Some editors on Windows put it there.
		}
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			found = true
			l.add(fmt.Sprintf("%s, line %d", name, number), line)
		}
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		l.problems.add("%s, line %d: longer than %d bytes; put one call SID on a line", name, number+1, maxLine)
	case err != nil:
		l.problems.add("%s: %v", name, err)
	case !found:
		l.problems.add("%s: there is no call SID in it", name)
	}
}

func (l *sidList) add(place, text string) {
	call, err := signalwire.ParseCallSid(text)
	switch {
	case err != nil:
		l.problems.add("%s: %s", place, reason(err))
	case call.String() == l.conference.String():
		l.problems.add("%s: this is the conference SID again; pass the SID of a participant's call", place)
	case l.seen[call]:
		l.repeated++
	default:
		l.seen[call] = true
		l.calls = append(l.calls, call)
	}
}

// problems are what is wrong with the SIDs: the first few, and how many others.
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
