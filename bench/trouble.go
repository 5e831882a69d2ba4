package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const troubleCallers = 64

// A troubled is what became of calls to a service in trouble.
type troubled struct {
	calls    int
	removals int64 // that the service answered 204
	reported int64 // that the client said so
	requests int64
	wall     time.Duration
}

// measureTrouble makes calls to a service of which one answer in ten is a 503,
// and one connection in fifty is reset instead of being answered.
func measureTrouble(c client, calls int) troubled {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2)) // the same trouble for every client
	return measureService(c, calls, func(w http.ResponseWriter) bool {
		mu.Lock()
		reset, refuse := random.IntN(50) == 0, random.IntN(10) == 0
		mu.Unlock()
		switch {
		case reset:
			resetConnection(w)
		case refuse:
			unavailable(w)
		default:
			w.WriteHeader(http.StatusNoContent)
			return true
		}
		return false
	})
}

// measureDead makes calls to a service that answers nothing but 503.
func measureDead(c client, calls int) troubled {
	return measureService(c, calls, func(w http.ResponseWriter) bool {
		unavailable(w)
		return false
	})
}

func measureService(c client, calls int, answer func(http.ResponseWriter) (removal bool)) troubled {
	result := troubled{calls: calls}
	var removals, reported, requests atomic.Int64
	server := newServer(plain, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		if answer(w) {
			removals.Add(1)
		}
	}))
	defer server.Close()
	remove, done := server.connect(c)
	defer done()
	began := time.Now()
	inParallel(troubleCallers, calls, func(int) {
		if removed, _ := remove(context.Background()); removed {
			reported.Add(1)
		}
	})
	result.wall = time.Since(began)
	result.removals, result.reported, result.requests = removals.Load(), reported.Load(), requests.Load()
	return result
}

func unavailable(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"code":20503,"message":"Service unavailable.","more_info":"https://example.org/20503","status":503}`)
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

// falseSuccesses are answers to a DELETE that say nothing of a removal.
var falseSuccesses = []struct {
	name   string
	answer http.HandlerFunc
}{
	{"301 to a 200 page", redirect(http.StatusMovedPermanently, "/page")},
	{"302 to a 200 page", redirect(http.StatusFound, "/page")},
	{"303 to a 204", redirect(http.StatusSeeOther, "/empty")},
	{"307 to a 204", redirect(http.StatusTemporaryRedirect, "/empty")},
	{"304", status(http.StatusNotModified)},
	{"200 with HTML", page},
	{"200 with nothing", status(http.StatusOK)},
	{"202", status(http.StatusAccepted)},
	{"404 with HTML", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<html>No such space.</html>")
	}},
	{"503", func(w http.ResponseWriter, _ *http.Request) { unavailable(w) }},
}

// reportsFalseSuccess tells whether a client reports an answer as a removal.
func reportsFalseSuccess(c client, answer http.HandlerFunc) bool {
	mux := http.NewServeMux()
	mux.HandleFunc("/page", page)
	mux.HandleFunc("/empty", status(http.StatusNoContent))
	mux.Handle("/", answer)
	server := newServer(plain, mux)
	defer server.Close()
	remove, done := server.connect(c)
	defer done()
	removed, _ := remove(context.Background())
	return removed
}

func redirect(status int, location string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html>Sign in.</html>")
}

const longAnswer = 64 << 20

// A heapUse is what one call took of the heap.
type heapUse struct {
	live      uint64 // the most that was reachable at once while the body was read
	allocated uint64 // in all
}

// measureHeap makes a call that is answered, in memory, with a status and a body
// of 64 MiB whose length is not announced.
func measureHeap(c client, statusCode int) heapUse {
	body := new(longBody)
	remove := c.connect("https://example.signalwire.com", inMemory(func(request *http.Request) *http.Response {
		response := removed(request)
		*body = longBody{left: longAnswer, base: live()}
		response.Status, response.StatusCode = strconv.Itoa(statusCode)+" "+http.StatusText(statusCode), statusCode
		response.Header.Set("Content-Type", "application/json")
		response.Body, response.ContentLength = body, -1
		return response
	}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = remove(context.Background())
	runtime.ReadMemStats(&after)
	return heapUse{live: body.most, allocated: after.TotalAlloc - before.TotalAlloc}
}

// A longBody looks at the heap after every 256 KiB that were read of it.
type longBody struct {
	left, sinceLook int
	base, most      uint64
}

func (b *longBody) Read(p []byte) (int, error) {
	if b.sinceLook >= 256<<10 || b.left == 0 {
		b.sinceLook = 0
		if now := live(); now > b.base {
			b.most = max(b.most, now-b.base)
		}
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), b.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	b.left -= n
	b.sinceLook += n
	return n, nil
}

func (*longBody) Close() error { return nil }

func live() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
