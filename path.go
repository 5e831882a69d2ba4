package signalwire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

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
