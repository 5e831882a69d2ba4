package webhook_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
	"example.com/signalwire/webhook"
)

// A moderator removes blocked callers when they join.
//
// It needs no memory of what it did. A callback that comes twice or out of order
// makes EnsureRemoved run twice, and the second time it finds nobody.
type moderator struct {
	client   *signalwire.ClientWithResponses
	verifier *webhook.Verifier
	blocked  map[string]bool
	slots    chan struct{} // as many removals at a time as its capacity
	running  sync.WaitGroup
}

func (m *moderator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := m.verifier.Verify(r); err != nil {
		http.Error(w, "not signed", http.StatusForbidden)
		return
	}
	event, err := webhook.ParseConferenceEvent(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if event.Event == webhook.ParticipantJoin && m.blocked[event.From] {
		select {
		case m.slots <- struct{}{}:
		default:
			http.Error(w, "busy", http.StatusServiceUnavailable) // The vendor sends it again.
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
		m.running.Go(func() {
			defer func() { cancel(); <-m.slots }()
			removal, err := m.client.EnsureRemoved(ctx, event.AccountSid, event.ConferenceSid, event.CallSid)
			log.Println(event.CallSid, removal, err)
		})
	}
	w.WriteHeader(http.StatusNoContent)
}

// A blocked caller joins a conference and is removed. The program waits for the
// removals that are under way before it stops.
func Example() {
	const signingKey = "PSKtest1234567890abcdef" // From the dashboard, and from the environment in a program.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	url := "http://" + listener.Addr().String() + "/conference"
	sandbox := signalwiretest.NewServer(exampleTB{}) // It stands in for the service.
	sandbox.PostCallbacks(signalwiretest.Callbacks{URL: url, SigningKey: signingKey})

	m := &moderator{
		client:   sandbox.Client(),
		verifier: &webhook.Verifier{URL: url, Keys: []string{signingKey}},
		blocked:  map[string]bool{"+12025550100": true},
		slots:    make(chan struct{}, 64),
	}
	server := &http.Server{Handler: m, ReadTimeout: 5 * time.Second}
	go server.Serve(listener)

	conference, _ := sandbox.AddConference(2)
	sandbox.Join(conference, signalwiretest.Participant{From: "+12025550100"})
	sandbox.WaitForCallbacks()

	if err := server.Shutdown(context.Background()); err != nil {
		log.Print(err)
	}
	m.running.Wait() // A minute at most.
	fmt.Println(len(sandbox.Participants(conference)), "are left")

	// Output:
	// 2 are left
}

// exampleTB stands in for a *testing.T, which examples do not have.
type exampleTB struct{}

func (exampleTB) Name() string                      { return "Example" }
func (exampleTB) Helper()                           {}
func (exampleTB) Cleanup(func())                    {}
func (exampleTB) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (exampleTB) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
