package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// BenchmarkLoopback measures a batch of calls from one client to a server in
// the same process, from the first connection on.
func BenchmarkLoopback(b *testing.B) {
	for _, speaks := range protocols {
		for _, callers := range []int{1, 64} {
			for _, service := range []time.Duration{0, 5 * time.Millisecond} {
				for _, c := range clients {
					name := fmt.Sprintf("protocol=%s/callers=%d/service=%s/client=%s", speaks, callers, service, c.name)
					b.Run(name, func(b *testing.B) {
						for b.Loop() {
							measureBatch(b, c, speaks, callers, service)
						}
					})
				}
			}
		}
	}
}

func measureBatch(b *testing.B, c client, speaks protocol, callers int, service time.Duration) {
	calls := 5_000
	if callers == 1 {
		calls = 1_000
		if service > 0 {
			calls = 200
		}
	}
	server := newServer(speaks, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if service > 0 {
			time.Sleep(service)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	remove, done := server.connect(c)
	defer done()

	took := make([]time.Duration, calls)
	began := time.Now()
	inParallel(callers, calls, func(i int) {
		began := time.Now()
		if removed, err := remove(b.Context()); !removed {
			b.Error(err)
		}
		took[i] = time.Since(began)
	})
	elapsed := time.Since(began)
	slices.Sort(took)
	b.ReportMetric(float64(calls)/elapsed.Seconds(), "calls/s")
	b.ReportMetric(float64(took[calls/2]), "p50-ns")
	b.ReportMetric(float64(server.connections.Load()), "connections")
}
