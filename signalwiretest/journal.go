package signalwiretest

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Request is a request that arrived.
type Request struct {
	Time   time.Time // when it arrived
	Method string
	Path   string      // escaped, with the query if there was one
	Header http.Header // with "[redacted]" for each value of Authorization
	Body   []byte      // its first MiB
	// StatusCode is the response's. It is 0 until there is a response, and stays 0
	// if the connection was cut or hijacked.
	StatusCode int
}

// Requests returns the requests that have arrived, in order, including those that
// were scripted or broke the contract. Once they take more than 64 MiB, which is
// about 80,000 removals, the oldest are forgotten.
func (h *Handler) Requests() []Request {
	j := &h.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	requests := make([]Request, len(j.entries))
	for i, entry := range j.entries {
		requests[i] = *entry
		requests[i].Header = entry.Header.Clone()
		requests[i].Body = slices.Clone(entry.Body)
	}
	return requests
}

// A journal keeps the requests that arrived.
type journal struct {
	mu      sync.Mutex
	entries []*Request
	size    int
}

const (
	maxJournal      = 64 << 20
	maxRecordedBody = 1 << 20
)

// reset forgets the requests.
func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.size = nil, 0
}

// record adds a request, and returns it with its body still to be read.
func (j *journal) record(r *http.Request) (*http.Request, *Request) {
	var body []byte
	unread := r.WithContext(r.Context())
	if r.Body != nil {
		body, _ = io.ReadAll(io.LimitReader(r.Body, maxRecordedBody))
		unread.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	}
	entry := &Request{Time: time.Now(), Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: bytes.Clone(body)}
	values := entry.Header["Authorization"]
	for i := range values {
		values[i] = "[redacted]"
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry)
	j.size += entry.size()
	for j.size > maxJournal {
		j.size -= j.entries[0].size()
		j.entries[0] = nil
		j.entries = j.entries[1:]
	}
	return unread, entry
}

// size estimates how many bytes the request takes in memory.
func (r *Request) size() int {
	size := 500 + len(r.Method) + len(r.Path) + len(r.Body)
	for name, values := range r.Header {
		size += len(name)
		for _, value := range values {
			size += 16 + len(value)
		}
	}
	return size
}

// responded notes the first final status of a response.
func (j *journal) responded(entry *Request, status int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if entry.StatusCode == 0 && status >= http.StatusOK {
		entry.StatusCode = status
	}
}

// journalWriter notes the status of the response that it writes.
type journalWriter struct {
	http.ResponseWriter
	journal  *journal
	entry    *Request
	hijacked bool
}

func (w *journalWriter) WriteHeader(status int) {
	w.journal.responded(w.entry, status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *journalWriter) Write(p []byte) (int, error) {
	w.journal.responded(w.entry, http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Hijack lets a caller's handler cut the connection in its own way.
func (w *journalWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.hijacked = true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// end notes the status that net/http sends for a handler that wrote nothing.
func (w *journalWriter) end() {
	if !w.hijacked {
		w.journal.responded(w.entry, http.StatusOK)
	}
}

// Unwrap lets a caller's handler use http.ResponseController.
func (w *journalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
