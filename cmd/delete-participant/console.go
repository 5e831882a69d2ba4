package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// A console writes results to standard output and everything else to standard
// error, in whole lines. It is safe for concurrent use.
type console struct {
	mu       sync.Mutex
	stdout   io.Writer
	stderr   io.Writer
	terminal bool   // stderr is one
	progress string // what the terminal shows behind the last line
	broken   bool   // stdout cannot be written
}

func newConsole(stdout, stderr io.Writer) *console {
	c := &console{stdout: stdout, stderr: stderr}
	if file, ok := stderr.(*os.File); ok {
		info, err := file.Stat()
		c.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return c
}

// result writes text to standard output or, once that fails, to standard
// error, so that nothing is lost. It reports whether standard output is well.
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

// show replaces what a terminal shows behind the last line.
func (c *console) show(progress string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.terminal {
		c.erase()
		c.progress = progress
		c.draw()
	}
}

func (c *console) erase() {
	if c.progress != "" {
		fmt.Fprint(c.stderr, "\r"+strings.Repeat(" ", len(c.progress))+"\r")
	}
}

func (c *console) draw() { fmt.Fprint(c.stderr, c.progress) }

// answer writes what was asked for, and returns the exit status.
func (c *console) answer(text string) int {
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
