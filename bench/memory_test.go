package main

import (
	"net/http"
	"strings"
	"testing"
)

// BenchmarkMemory measures one removal with a round tripper that responds at once.
func BenchmarkMemory(b *testing.B) {
	for _, c := range clients {
		b.Run("client="+c.name, func(b *testing.B) {
			remove := c.connect("https://example.signalwire.com", inMemory(removed))
			b.ReportAllocs()
			for b.Loop() {
				if removed, err := remove(b.Context()); !removed {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestClientsDoTheSame holds that every client asks for the same removal, over
// every protocol.
func TestClientsDoTheSame(t *testing.T) {
	for _, speaks := range protocols {
		for _, c := range clients {
			t.Run(string(speaks)+"/"+c.name, func(t *testing.T) {
				server := newServer(speaks, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					user, password, ok := r.BasicAuth()
					path := r.URL.Path
					if c.name == twilio {
						user, path = strings.TrimPrefix(user, "AC"), strings.TrimSuffix(path, ".json")
						for _, id := range []struct{ prefix, id string }{{"AC", project}, {"CF", conference}, {"CA", call}} {
							user = strings.ReplaceAll(user, hex(id.id), id.id)
							path = strings.ReplaceAll(path, id.prefix+hex(id.id), id.id)
						}
					}
					switch {
					case r.Method != http.MethodDelete, !strings.HasSuffix(path, participantPath),
						!ok, user != project, password != token,
						r.TLS != nil && r.ProtoMajor != map[protocol]int{over1: 1, over2: 2}[speaks]:
						t.Errorf("got %s %s by %s:%s over %s", r.Method, r.URL.Path, user, password, r.Proto)
					}
					w.WriteHeader(http.StatusNoContent)
				}))
				defer server.Close()
				remove, done := server.connect(c)
				defer done()
				if removed, err := remove(t.Context()); !removed || err != nil {
					t.Fatal(removed, err)
				}
				if n := server.connections.Load(); n != 1 {
					t.Fatalf("%d connections", n)
				}
			})
		}
	}
}
