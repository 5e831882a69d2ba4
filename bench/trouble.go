package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/signalwire/signalwiretest"
)

// A scenario is a service in trouble, and the calls that are made to it.
type scenario struct {
	name           string
	callers, calls int
	// profile is the trouble, or respond returns the status of a response, or 0 to
	// reset the connection. Without either, every connection is refused.
	profile signalwiretest.Profile
	respond func(arrival) int
	// share is how many of this client's calls have to end in a removal, if the
	// best of its peers does not need more.
	share float64
	// most bounds the time of all of this client's calls, if it is not 0.
	most time.Duration
}

// An arrival is a request, as the service sees it.
type arrival struct {
	after            time.Duration // since the first request
	number, inSecond int           // of all requests, and of those in this second, from 1
}

// seed makes the profiles the same for all clients.
const seed = 1

// scenarios end with the services that are dead from beginning to end.
var scenarios = []scenario{
	{name: "one response in ten is 503, one connection in fifty is reset", callers: 64, calls: 1_000, respond: func(a arrival) int {
		switch {
		case a.number%50 == 7:
			return 0
		case a.number%10 == 0:
			return http.StatusServiceUnavailable
		}
		return http.StatusNoContent
	}},
	{name: "a backend restarts", callers: 32, calls: 20_000, share: .999, profile: signalwiretest.RestartingBackend},
	{name: "one of two backends is dead", callers: 24, calls: 500, profile: signalwiretest.DeadBackend},
	{name: "a slow start", callers: 8, calls: 400, share: .99, profile: signalwiretest.SlowStart},
	{name: "20 requests a second", callers: 8, calls: 160, share: 1, profile: signalwiretest.RateLimit},
	{name: "429 with Retry-After: 1 to one request in a hundred", callers: 16, calls: 4_000, most: 10 * time.Second, respond: func(a arrival) int {
		return failIf(http.StatusTooManyRequests, a.number%100 == 0)
	}},
	{name: "503 for the first 3 s, one caller", callers: 1, calls: 20, respond: downFor(3 * time.Second)},
	{name: "503 for the first 5 s", callers: 64, calls: 320, respond: downFor(5 * time.Second)},
	{name: "503 for the first second, all calls at once", callers: 500, calls: 500, respond: downFor(time.Second)},
	{name: deadName, callers: 64, calls: 300, respond: downFor(math.MaxInt64)},
	{name: refusingName, callers: 64, calls: 300},
}

const (
	deadName     = "503 for ever"
	refusingName = "every connection refused"
)

func failIf(status int, failing bool) int {
	if failing {
		return status
	}
	return http.StatusNoContent
}

func downFor(length time.Duration) func(arrival) int {
	return func(a arrival) int { return failIf(http.StatusServiceUnavailable, a.after < length) }
}

// A service plays a scenario, and counts.
type service struct {
	respond  func(arrival) int
	profile  http.Handler // responds, if it is not nil
	mu       sync.Mutex
	began    time.Time
	last     arrival
	removals int
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := s.arrive()
	if s.profile != nil {
		s.profile.ServeHTTP(w, r)
		return
	}
	switch status {
	case 0:
		resetConnection(w)
		return
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1")
	case http.StatusNoContent:
		w.WriteHeader(status)
		return
	}
	respondError(w, status)
}

func (s *service) arrive() (status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.number == 0 {
		s.began = time.Now()
	}
	after := time.Since(s.began)
	if after.Truncate(time.Second) != s.last.after.Truncate(time.Second) {
		s.last.inSecond = 0
	}
	s.last = arrival{after, s.last.number + 1, s.last.inSecond + 1}
	if s.respond != nil {
		status = s.respond(s.last)
	}
	if status == http.StatusNoContent {
		s.removals++
	}
	return status
}

// remove carries a request out that the profile lets through.
func (s *service) remove(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.removals++
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (s *service) counts() (requests, removals int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.number, s.removals
}

func respondError(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":20%d,"message":"%s","more_info":"https://example.org/20%[1]d","status":%[1]d}`, status, http.StatusText(status))
}

func resetConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// A troubled is what became of the calls to a service in trouble.
type troubled struct {
	removed, requests float64 // per call
	wall, longest     time.Duration
	// calls and retries count those of a second, after the first hundred calls.
	calls, retries float64
}

func (s scenario) measure(c client) (troubled, error) {
	service := &service{respond: s.respond}
	if s.profile != "" {
		var err error
		if service.profile, err = s.profile.Wrap(http.HandlerFunc(service.remove), seed); err != nil {
			return troubled{}, err
		}
	}
	server := newServer(plain, service)
	defer server.Close()
	transport := c.transport()
	defer transport.CloseIdleConnections()
	if s.respond == nil && s.profile == "" {
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			service.arrive()
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
	}
	remove := c.connect(server.URL, transport)

	const first = 100
	var begun, ended, reported atomic.Int64
	var begunThen, requestsThen int
	var then time.Time
	took := make([]time.Duration, s.calls)
	began := time.Now()
	inParallel(s.callers, s.calls, func(i int) {
		begun.Add(1)
		began := time.Now()
		if removed, _ := remove(context.Background()); removed {
			reported.Add(1)
		}
		took[i] = time.Since(began)
		if ended.Add(1) == first {
			begunThen, then = int(begun.Load()), time.Now()
			requestsThen, _ = service.counts()
		}
	})
	requests, removals := service.counts()
	t := troubled{
		removed:  float64(reported.Load()) / float64(s.calls),
		requests: float64(requests) / float64(s.calls),
		wall:     time.Since(began), longest: slices.Max(took),
	}
	if since := time.Since(then).Seconds(); s.calls > first {
		t.calls = float64(s.calls-begunThen) / since
		t.retries = float64(requests-requestsThen)/since - t.calls
	}
	if int(reported.Load()) > removals {
		return t, fmt.Errorf("%s, %s: %d removals reported, and %d carried out", s.name, c.name, reported.Load(), removals)
	}
	return t, nil
}

// trouble measures clients and returns the goals.
func (r *report) trouble(measured []client) ([]goal, error) {
	tables := []struct {
		title string
		cell  func(troubled) string
		rows  [][]string
	}{
		{title: "Calls that ended in a removal", cell: func(t troubled) string { return percent(t.removed) }},
		{title: "Requests per call", cell: func(t troubled) string { return strconv.FormatFloat(t.requests, 'f', 2, 64) }},
		{title: "Time of all calls", cell: func(t troubled) string { return seconds(t.wall) }},
		{title: "Longest call", cell: func(t troubled) string { return seconds(t.longest) }},
	}
	head := []string{"the service", "callers", "calls"}
	for _, c := range measured {
		head = append(head, c.name)
	}
	var goals []goal
	for _, s := range scenarios {
		this, best := troubled{}, s.share
		rows := make([][]string, len(tables))
		for _, c := range measured {
			t, err := s.measure(c)
			if err != nil {
				return nil, err
			}
			if c.name == guarded {
				this = t
			} else {
				best = max(best, t.removed)
			}
			for i, table := range tables {
				rows[i] = append(rows[i], table.cell(t))
			}
		}
		for i, row := range rows {
			tables[i].rows = append(tables[i].rows, append([]string{s.name, strconv.Itoa(s.callers), strconv.Itoa(s.calls)}, row...))
		}
		goals = append(goals, s.goals(this, best)...)
	}
	r.line("## In trouble")
	r.line("HTTP/1.1 on loopback. Where every connection is refused, an attempt to connect counts as a request.")
	for _, t := range tables {
		r.line("### %s", t.title)
		r.table(head, t.rows)
	}
	return goals, nil
}

// goals compares what this client did with the share of its best peer.
func (s scenario) goals(this troubled, share float64) []goal {
	if s.name == deadName || s.name == refusingName {
		return []goal{
			{goal: s.name + ": retries a second, after the first hundred calls", measured: this.retries, bound: max(15, .3*this.calls)},
			{goal: s.name + ": longest call", measured: this.longest.Seconds(), bound: 15, unit: " s"},
		}
	}
	goals := []goal{{goal: s.name + ": removed, no fewer than by the best of the others", measured: 100 * this.removed, bound: 100 * share, atLeast: true, unit: " %"}}
	if s.most > 0 {
		goals = append(goals, goal{goal: s.name + ": time of all calls", measured: this.wall.Seconds(), bound: s.most.Seconds(), unit: " s"})
	}
	return goals
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s" }
