package signalwire

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// appendPath appends a path parameter, escaped, to a URL. It refuses what names
// nothing: a 404 for the nil UUID reads as "already gone", an empty text leads to
// the collection, and a dot segment to another place.
//
// Its type parameter keeps the value off the heap.
func appendPath[T any](address []byte, name string, value T) ([]byte, error) {
	switch v := any(value).(type) {
	case AccountSid:
		return v.AppendText(address)
	case ConferenceSid:
		return v.AppendText(address)
	case CallSid:
		return v.AppendText(address)
	case uuid.UUID:
		if v == uuid.Nil {
			return nil, errors.New("signalwire: the path parameter " + name + " is the nil UUID, which names nothing")
		}
		return appendUUID(address, v), nil
	case string:
		return appendSegment(address, name, v)
	}
	return appendSegment(address, name, fmt.Sprint(value))
}

// newRequest is http.NewRequest for an absolute URL. It does not have a plain path
// parsed, which takes a good part of the time that a call needs in memory.
func newRequest(method, address string, body io.Reader) (*http.Request, error) {
	_, rest, _ := strings.Cut(address, "://")
	begins := strings.IndexByte(rest, '/')
	if begins < 0 || !isPlain(rest) {
		return http.NewRequestWithContext(context.Background(), method, address, body)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, address[:len(address)-len(rest)+begins], body)
	if err != nil {
		return nil, err
	}
	request.URL.Path = rest[begins:]
	return request, nil
}

// isPlain reports whether nothing in a host and a path has a meaning of its own in
// a URL, or would be escaped there.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '-' <= c && c <= ':': // with . / and digits
		default:
			return false
		}
	}
	return true
}

func appendSegment(address []byte, name, text string) ([]byte, error) {
	if err := checkSegment(name, text); err != nil {
		return nil, err
	}
	return append(address, url.PathEscape(text)...), nil
}

// checkSegment refuses the text of a path parameter that names nothing.
func checkSegment(name, text string) error {
	switch text {
	case "":
		return errors.New("signalwire: the path parameter " + name + " is empty; pass what it names")
	case ".", "..":
		return errors.New("signalwire: the path parameter " + name + " is a dot segment, which leads to another path")
	}
	return nil
}

// appendUUID appends the 36-character form in lower case.
func appendUUID(text []byte, id uuid.UUID) []byte {
	text = append(hex.AppendEncode(text, id[:4]), '-')
	text = append(hex.AppendEncode(text, id[4:6]), '-')
	text = append(hex.AppendEncode(text, id[6:8]), '-')
	text = append(hex.AppendEncode(text, id[8:10]), '-')
	return hex.AppendEncode(text, id[10:])
}
