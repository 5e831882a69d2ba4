package signalwire

import (
	"errors"
	"strings"

	"github.com/google/uuid"
)

// The three SIDs are structs, so that nothing but parsing makes one, and their
// fields have different names, so that Go converts none of them to another.

// AccountSid names the project on whose behalf a request is made. It is the
// project ID, or the SID of one of the project's subprojects.
//
// The zero AccountSid names nothing; a request with one is never sent. Values
// are comparable and can be map keys, and are safe for concurrent use.
type AccountSid struct{ account uuid.UUID }

// ConferenceSid names a conference. It is the SID that the service assigned
// when the conference began, not the friendly name that callers join by.
//
// The zero ConferenceSid names nothing; a request with one is never sent.
// Values are comparable and can be map keys, and are safe for concurrent use.
type ConferenceSid struct{ conference uuid.UUID }

// CallSid names a call. A participant is named by the call that brought them into
// the conference.
//
// The zero CallSid names nothing; a request with one is never sent. Values are
// comparable and can be map keys, and are safe for concurrent use.
type CallSid struct{ call uuid.UUID }

// ParseAccountSid parses the 36-character form of a UUID, in upper or lower
// case. The error says what the value probably is, and does not repeat it.
func ParseAccountSid(s string) (AccountSid, error) {
	id, err := parseSid(s, "account SID", "pass the project ID, or the SID of a subproject")
	return AccountSid{id}, err
}

// ParseConferenceSid parses the 36-character form of a UUID, in upper or lower
// case. The error says what the value probably is, and does not repeat it.
func ParseConferenceSid(s string) (ConferenceSid, error) {
	id, err := parseSid(s, "conference SID", "pass the conference SID, not its friendly name")
	return ConferenceSid{id}, err
}

// ParseCallSid parses the 36-character form of a UUID, in upper or lower
// case. The error says what the value probably is, and does not repeat it.
func ParseCallSid(s string) (CallSid, error) {
	id, err := parseSid(s, "call SID", "pass the call SID, not a phone number or a name")
	return CallSid{id}, err
}

// String returns the 36-character form in lower case, and "" for the zero SID.
func (s AccountSid) String() string { return sidString(s.account) }

// String returns the 36-character form in lower case, and "" for the zero SID.
func (s ConferenceSid) String() string { return sidString(s.conference) }

// String returns the 36-character form in lower case, and "" for the zero SID.
func (s CallSid) String() string { return sidString(s.call) }

// IsZero reports whether s names nothing. It serves the JSON option omitzero.
func (s AccountSid) IsZero() bool { return s.account == uuid.Nil }

// IsZero reports whether s names nothing. It serves the JSON option omitzero.
func (s ConferenceSid) IsZero() bool { return s.conference == uuid.Nil }

// IsZero reports whether s names nothing. It serves the JSON option omitzero.
func (s CallSid) IsZero() bool { return s.call == uuid.Nil }

// MarshalText returns what String returns, and an error for the zero SID, so that
// no request is sent that names nothing. It serves encoding/json and flag.TextVar.
func (s AccountSid) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// AppendText appends what MarshalText returns to b. It serves encoding.TextAppender.
func (s AccountSid) AppendText(b []byte) ([]byte, error) {
	return appendSid(b, s.account, "account SID")
}

// MarshalText returns what String returns, and an error for the zero SID, so that
// no request is sent that names nothing. It serves encoding/json and flag.TextVar.
func (s ConferenceSid) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// AppendText appends what MarshalText returns to b. It serves encoding.TextAppender.
func (s ConferenceSid) AppendText(b []byte) ([]byte, error) {
	return appendSid(b, s.conference, "conference SID")
}

// MarshalText returns what String returns, and an error for the zero SID, so that
// no request is sent that names nothing. It serves encoding/json and flag.TextVar.
func (s CallSid) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// AppendText appends what MarshalText returns to b. It serves encoding.TextAppender.
func (s CallSid) AppendText(b []byte) ([]byte, error) {
	return appendSid(b, s.call, "call SID")
}

// UnmarshalText parses as ParseAccountSid does, and leaves s alone on an error.
func (s *AccountSid) UnmarshalText(text []byte) error {
	return unmarshalSid(s, text, ParseAccountSid)
}

// UnmarshalText parses as ParseConferenceSid does, and leaves s alone on an
// error.
func (s *ConferenceSid) UnmarshalText(text []byte) error {
	return unmarshalSid(s, text, ParseConferenceSid)
}

// UnmarshalText parses as ParseCallSid does, and leaves s alone on an error.
func (s *CallSid) UnmarshalText(text []byte) error {
	return unmarshalSid(s, text, ParseCallSid)
}

// uuidLength is the length of the only form that is accepted. google/uuid parses
// three others, which the service may not accept.
const uuidLength = 36

// looksLikeTwilio reports whether s is two letters and 32 hexadecimal digits.
func looksLikeTwilio(s string) bool {
	return len(s) == 34 && consistsOf(s[:2], upper) && consistsOf(s[2:], digits+"abcdefABCDEF")
}

func parseSid(s, kind, advice string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	switch {
	case s == "":
		return uuid.Nil, errors.New("signalwire: the " + kind + " is empty")
	case strings.TrimSpace(s) != s:
		return uuid.Nil, errors.New("signalwire: the " + kind + " has white space around it")
	case looksLikeTwilio(s):
		return uuid.Nil, errors.New("signalwire: the " + kind + " looks like one of Twilio's; SignalWire's SIDs are bare UUIDs")
	case err == nil && len(s) != uuidLength:
		return uuid.Nil, errors.New("signalwire: the " + kind + " is a UUID in an uncommon form; write 8-4-4-4-12 hexadecimal digits with hyphens")
	case err != nil:
		return uuid.Nil, errors.New("signalwire: the " + kind + " is not a UUID; " + advice)
	case id == uuid.Nil:
		return uuid.Nil, errors.New("signalwire: the " + kind + " is the nil UUID, which names nothing")
	}
	return id, nil
}

func sidString(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

func appendSid(text []byte, id uuid.UUID, kind string) ([]byte, error) {
	if id == uuid.Nil {
		return nil, errors.New("signalwire: the " + kind + " is zero; parse one first")
	}
	return appendUUID(text, id), nil
}

func unmarshalSid[S any](s *S, text []byte, parse func(string) (S, error)) error {
	parsed, err := parse(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}
