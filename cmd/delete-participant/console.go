package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// A console writes results to standard output and everything else to standard
// error, in whole lines. It is safe for concurrent use.
type console struct {
	mu       sync.Mutex
	stdout   io.Writer
	stderr   io.Writer
	terminal bool // stderr is a terminal that can show progress
	broken   bool // stdout cannot be written

	progress string    // what the terminal is to show after the last line
	shown    bool      // the terminal shows it
	drawn    time.Time // when it was last drawn
}

func newConsole(stdout, stderr io.Writer) *console {
	term := os.Getenv("TERM")
	return &console{stdout: stdout, stderr: stderr, terminal: isTerminal(stderr) && term != "" && term != "dumb"}
}

// isTerminal reports whether a stream is a terminal: a character device that is
// not the null device.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// result writes text to standard output or, once that fails, to standard error,
// so that nothing is lost. It reports whether it wrote to standard output.
func (c *console) result(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	defer c.draw()
	if !c.broken {
		_, err := io.WriteString(c.stdout, text)
		if err == nil {
			return true
		}
		c.broken = true
		fmt.Fprintf(c.stderr, "delete-participant: standard output cannot be written, so the results go on here: %v\n", err)
	}
	fmt.Fprint(c.stderr, text)
	return false
}

// note writes a message to standard error.
func (c *console) note(format string, args ...any) {
	c.text("delete-participant: " + fmt.Sprintf(format, args...) + "\n")
}

// text writes lines to standard error as they are.
func (c *console) text(lines string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	defer c.draw()
	fmt.Fprint(c.stderr, lines)
}

// show replaces what a terminal shows after the last line.
func (c *console) show(progress string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.terminal {
		c.erase()
		c.progress, c.drawn = progress, time.Time{}
		c.draw()
	}
}

// progressInterval is the shortest time between two drawings of the progress.
const progressInterval = 200 * time.Millisecond

// Control sequences of terminals (ECMA-48, and DEC's private modes).
const (
	eraseLine = "\r\x1b[K"
	wrapOff   = "\x1b[?7l" // cuts what is too long for the line
	wrapOn    = "\x1b[?7h"
)

func (c *console) erase() {
	if c.shown {
		fmt.Fprint(c.stderr, eraseLine)
		c.shown = false
	}
}

func (c *console) draw() {
	if now := time.Now(); c.progress != "" && now.Sub(c.drawn) >= progressInterval {
		fmt.Fprint(c.stderr, wrapOff+c.progress+wrapOn)
		c.shown, c.drawn = true, now
	}
}

// respond writes what a flag such as -h asks for, and returns the exit status.
func (c *console) respond(text string) int {
	if !c.result(text) {
		return exitNotDone
	}
	return exitDone
}

// refuse says what is wrong before anything was sent, and returns the exit
// status.
func (c *console) refuse(err error) int {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		c.note("%s", strings.TrimPrefix(line, "signalwire: "))
	}
	c.note("nothing was sent; delete-participant -h explains, and delete-participant -sandbox needs neither SIDs nor credentials")
	return exitUsage
}

// plural counts things in English.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
