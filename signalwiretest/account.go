package signalwiretest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"example.com/signalwire"
)

// An account has credentials and conferences. All its SIDs are made from its
// name.
type account struct {
	name     string
	sid      signalwire.AccountSid
	apiToken string

	mu          sync.Mutex
	conferences map[signalwire.ConferenceSid]*conference
	order       []*conference // in which they were added
	calls       int           // ever added
	ticks       int           // of the clock
	callbacks   callbacks
}

func newAccount(name string) *account {
	token := hash(name, "token", 0)
	return &account{
		name:        name,
		sid:         madeUp(signalwire.ParseAccountSid, name, "account", 0),
		apiToken:    "PTtest" + hex.EncodeToString(token[:16]),
		conferences: make(map[signalwire.ConferenceSid]*conference),
	}
}

// ProjectID returns the project ID that the Handler accepts as the user name.
// It is the SID of [Handler.Account].
func (h *Handler) ProjectID() string { return h.account.sid.String() }

// APIToken returns the API token that the Handler accepts as the password. It
// is made up.
func (h *Handler) APIToken() string { return h.account.apiToken }

// Account returns the account whose conferences the Handler has.
func (h *Handler) Account() signalwire.AccountSid { return h.account.sid }

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
