package signalwire

import (
	"encoding/json"
	"strings"
)

// A shape is what the contract says of a JSON value.
type shape struct {
	// kinds has a letter for each type: object, array, string, number, boolean,
	// and - for null. "" means any.
	kinds      string
	properties []property // of an object; nil means any
	items      *shape     // of an array; nil means any
}

type property struct {
	name     string
	required bool
	shape    shape
}

// describes reports whether a decoded value has the shape. An object has at least
// one property and none that the contract does not name, and a list has elements,
// because an empty one says nothing of who wrote it.
func (s *shape) describes(value any) bool {
	kind := "-"
	switch value := value.(type) {
	case map[string]any:
		kind = "o"
		known := 0
		for _, p := range s.properties {
			got, ok := value[p.name]
			if ok && !p.shape.describes(got) || !ok && p.required {
				return false
			}
			if ok {
				known++
			}
		}
		if s.properties != nil && (known == 0 || known < len(value)) {
			return false
		}
	case []any:
		kind = "a"
		for _, item := range value {
			if s.items != nil && !s.items.describes(item) {
				return false
			}
		}
		if len(value) == 0 {
			return false
		}
	case string:
		kind = "s"
	case float64:
		kind = "n"
	case bool:
		kind = "b"
	}
	return s.kinds == "" || strings.Contains(s.kinds, kind)
}

// A failure is an error that the contract documents.
type failure struct {
	status int // such as 404, or 4 for all of 4XX, or 0 for the default
	shape  shape
}

// documentsFailure reports whether the contract documents an error's body for
// this operation. What is documented for the status itself counts before that of
// its range, and that before the default.
func (op *operation) documentsFailure(statusCode int, body []byte) bool {
	if op == nil {
		return false
	}
	for _, status := range []int{statusCode, statusCode / 100, 0} {
		found := false
		for _, f := range op.failures {
			if f.status != status {
				continue
			}
			found = true
			var value any
			if json.Unmarshal(body, &value) == nil && f.shape.describes(value) {
				return true
			}
		}
		if found {
			return false
		}
	}
	return false
}
