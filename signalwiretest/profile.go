package signalwiretest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Profile is the trouble that a real service has. Which requests it meets
// depends on a seed, on their order, and on the time since the first one.
type Profile string

const (
	// RestartingBackend has a backend that is down for 40 to 80 ms after every 100
	// to 200 ms, and a proxy in front of it that responds 502 with an HTML page
	// meanwhile. The first request of each time down is carried out before that.
	RestartingBackend Profile = "restarting-backend"
	// RateLimit carries out 20 requests a second. The others get 429, with a
	// Retry-After of a second.
	RateLimit Profile = "rate-limit"
	// DeadBackend has two backends, one of which is dead: half of the requests get
	// 503 with an HTML page.
	DeadBackend Profile = "dead-backend"
	// SlowStart responds 503 with an HTML page for 400 ms. After that, a response
	// takes up to 400 ms, and less and less, for two seconds.
	SlowStart Profile = "slow-start"
)

var profiles = map[Profile]func(*rand.Rand) decide{
	RestartingBackend: restartingBackend,
	RateLimit:         rateLimit,
	DeadBackend:       deadBackend,
	SlowStart:         slowStart,
}

// A decide says what happens to a request, by the time since the first one. The
// zero Response carries it out.
type decide func(since time.Duration) Response

// Profiles returns the names of all profiles, in order.
func Profiles() []Profile {
	var names []Profile
	for name := range profiles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// UseProfile makes the Handler behave as a profile says, from the next request on,
// where a script has no response. "" makes it behave normally. An unknown profile
// fails the test, or panics without one.
func (h *Handler) UseProfile(profile Profile, seed uint64) {
	h.t.Helper()
	var next *trouble
	if profile != "" {
		var err error
		if next, err = newTrouble(profile, seed); err != nil {
			h.t.Fatalf("signalwiretest: UseProfile: %v", err)
			return
		}
	}
	h.state.Lock()
	defer h.state.Unlock()
	h.state.trouble = next
}

// Wrap returns a handler that behaves as the profile says, and carries requests
// out with the next one. It validates nothing. It returns an error for an unknown
// profile.
func (p Profile) Wrap(next http.Handler, seed uint64) (http.Handler, error) {
	trouble, err := newTrouble(p, seed)
	if err != nil {
		return nil, fmt.Errorf("signalwiretest: Wrap: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trouble.next().send(&exchange{next: next, w: w, r: r})
	}), nil
}

// A trouble is a profile at work.
type trouble struct {
	mu     sync.Mutex
	decide decide
	began  time.Time // when the first request came
}

func newTrouble(profile Profile, seed uint64) (*trouble, error) {
	begin := profiles[profile]
	if begin == nil {
		return nil, fmt.Errorf("there is no profile of this name; use one of %s", strings.Trim(fmt.Sprint(Profiles()), "[]"))
	}
	return &trouble{decide: begin(rand.New(rand.NewPCG(seed, 0)))}, nil
}

// next decides about the next request.
func (t *trouble) next() Response {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.began.IsZero() {
		t.began = now
	}
	return t.decide(now.Sub(t.began))
}

func restartingBackend(random *rand.Rand) decide {
	var from, until time.Duration // when it is down
	lost := true                  // a response was, of this time down
	return func(since time.Duration) Response {
		for since >= until {
			from = until + 100*time.Millisecond + time.Duration(random.Int64N(int64(100*time.Millisecond)))
			until = from + 40*time.Millisecond + time.Duration(random.Int64N(int64(40*time.Millisecond)))
			lost = false
		}
		switch {
		case since < from:
			return Response{}
		case !lost:
			lost = true
			return ActThen(HTML(http.StatusBadGateway))
		}
		return HTML(http.StatusBadGateway)
	}
}

func rateLimit(*rand.Rand) decide {
	const perSecond = 20
	tokens, filled := float64(perSecond), time.Duration(0)
	return func(since time.Duration) Response {
		tokens = min(tokens+(since-filled).Seconds()*perSecond, perSecond)
		filled = since
		if tokens < 1 {
			return RateLimited(time.Second)
		}
		tokens--
		return Response{}
	}
}

func deadBackend(random *rand.Rand) decide {
	return func(time.Duration) Response {
		if random.IntN(2) == 0 {
			return Unavailable()
		}
		return Response{}
	}
}

func slowStart(*rand.Rand) decide {
	const (
		down = 400 * time.Millisecond
		slow = 2 * time.Second
	)
	return func(since time.Duration) Response {
		switch {
		case since < down:
			return Unavailable()
		case since < down+slow:
			return After((down+slow-since)/5, Response{})
		}
		return Response{}
	}
}
