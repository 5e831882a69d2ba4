package signalwiretest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/google/uuid"

	"example.com/signalwire"
)

// A Project has credentials, conferences and a webhook of its own. It is what the
// vendor calls a project or a subproject; its ID is the SID of an account. Those of
// its SIDs that a test does not choose are made from its name. It is safe for
// concurrent use.
type Project struct {
	t         TB
	name      string
	sid       signalwire.AccountSid
	apiToken  string
	callbacks *callbacks

	mu          sync.Mutex
	subprojects []*Project
	conferences map[signalwire.ConferenceSid]*conference
	order       []*conference               // in which they were added
	present     map[signalwire.CallSid]bool // who is in a conference
	calls       int                         // ever added
	ticks       int                         // of the clock
}

func newProject(t TB, name string, closed <-chan struct{}) *Project {
	token := hash(name, "token", 0)
	p := &Project{
		t:         t,
		name:      name,
		sid:       madeUp(signalwire.ParseAccountSid, name, "account", 0),
		apiToken:  "PTtest" + hex.EncodeToString(token[:16]),
		callbacks: newCallbacks(closed),
	}
	p.reset()
	return p
}

// reset makes the project what it was in the beginning.
func (p *Project) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subprojects, p.order, p.calls, p.ticks = nil, nil, 0, 0
	p.conferences = make(map[signalwire.ConferenceSid]*conference)
	p.present = make(map[signalwire.CallSid]bool)
	p.callbacks.reset()
}

// ProjectID returns the project ID, which is the user name of a request. It is
// the SID of [Project.Account].
func (p *Project) ProjectID() string { return p.sid.String() }

// APIToken returns the API token, which is the password of a request. It is made
// up.
func (p *Project) APIToken() string { return p.apiToken }

// Account returns the account that a request names.
func (p *Project) Account() signalwire.AccountSid { return p.sid }

// AddSubproject adds a project whose account this project's credentials may name,
// too. Its own credentials may not name this project's account. A name that another
// subproject has fails the test, or panics without one.
func (p *Project) AddSubproject(name string) *Project {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	return addProject(&p.subprojects, p, "AddSubproject", name)
}

// AddProject adds a project that has nothing to do with the others. A name that
// another one has fails the test, or panics without one.
func (h *Handler) AddProject(name string) *Project {
	h.t.Helper()
	h.state.Lock()
	defer h.state.Unlock()
	return addProject(&h.state.others, h.Project, "AddProject", name)
}

func addProject(to *[]*Project, beside *Project, function, name string) *Project {
	beside.t.Helper()
	added := newProject(beside.t, fmt.Sprintf("%s %s %q", beside.name, function, name), beside.callbacks.closed)
	if slices.ContainsFunc(*to, func(p *Project) bool { return p.name == added.name }) {
		beside.t.Fatalf("signalwiretest: %s: there is one of this name already", function)
	}
	*to = append(*to, added)
	return added
}

// tree returns the project and all below it.
func (p *Project) tree() []*Project {
	p.mu.Lock()
	below := slices.Clone(p.subprojects)
	p.mu.Unlock()
	all := []*Project{p}
	for _, each := range below {
		all = append(all, each.tree()...)
	}
	return all
}

// projects returns all projects.
func (h *Handler) projects() []*Project {
	h.state.Lock()
	others := slices.Clone(h.state.others)
	h.state.Unlock()
	all := h.tree()
	for _, each := range others {
		all = append(all, each.tree()...)
	}
	return all
}

// authenticate returns the project whose credentials a request has, or nil.
func (h *Handler) authenticate(r *http.Request) *Project {
	projectID, apiToken, ok := r.BasicAuth()
	if !ok {
		return nil
	}
	for _, p := range h.projects() {
		if p.ProjectID() == projectID && p.apiToken == apiToken {
			return p
		}
	}
	return nil
}

// madeUp returns the SID of a kind and a number that belongs to a name.
func madeUp[S any](parse func(string) (S, error), name, kind string, number int) S {
	sum := hash(name, kind, number)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x40 // Version 4 and the variant of RFC 9562, which validators know.
	id[8] = id[8]&0x3f | 0x80
	sid, err := parse(id.String())
	if err != nil {
		panic(err) // A UUID with a version is never the nil UUID.
	}
	return sid
}

func hash(name, kind string, number int) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %s %d", name, kind, number))
}
