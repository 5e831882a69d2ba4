package signalwiretest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

const maxViolations = 1000

// violations keeps the first violations that happened.
type violations struct {
	mu   sync.Mutex
	errs []error
}

// Violations returns how requests and responses have broken the contract, in
// order: the first 1,000 violations. Each names the method, the path and the rule.
// It begins with the line of the test that sent the request with a client of
// [Server.Client], or that scripted the response, if a test did.
func (h *Handler) Violations() []error {
	h.violations.mu.Lock()
	defer h.violations.mu.Unlock()
	return slices.Clone(h.violations.errs)
}

// reset forgets the violations.
func (v *violations) reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.errs = nil
}

// report passes a violation by one side on. The line is that of the test, or "".
func (e *exchange) report(side string, violation error, line string) {
	h := e.handler
	err := breach(side, e.r.Method+" "+clip(e.r.URL.EscapedPath()), violation)
	if line != "" {
		err = fmt.Errorf("%s: %w", line, err)
	}
	h.violations.mu.Lock()
	if len(h.violations.errs) < maxViolations {
		h.violations.errs = append(h.violations.errs, err)
	}
	h.violations.mu.Unlock()
	if h.OnViolation != nil {
		h.OnViolation(err)
		return
	}
	h.t.Errorf("%v", err)
}

// breach says how one side of an exchange breaks the contract. The validator's
// rule is the first line of its text; the schema follows over many.
func breach(side, place string, err error) error {
	rule, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New("signalwiretest: the " + side + " breaks the contract: " + place + ": " + clip(rule))
}

// clip shortens a text whose length a client decides.
func clip(text string) string {
	const most = 500
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// callers holds the lines of a test that sent the requests under way.
type callers struct {
	mu    sync.Mutex
	lines map[string]string // by path
}

// note is a request editor, because an editor runs on the goroutine of the caller.
// It does not change the request.
func (c *callers) note(_ context.Context, r *http.Request) error {
	line := testLine()
	if line == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lines == nil || len(c.lines) > 1000 { // Some requests never arrive.
		c.lines = make(map[string]string)
	}
	c.lines[r.URL.EscapedPath()] = line
	return nil
}

// take returns the line that sent a request, or "".
func (c *callers) take(r *http.Request) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := r.URL.EscapedPath()
	defer delete(c.lines, path)
	return c.lines[path]
}

// testLine returns the file and line of the innermost caller in a test file, or
// "".
func testLine() string {
	pcs := make([]uintptr, 100)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.File, "_test.go") {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
		if !more {
			return ""
		}
	}
}
