package signalwire

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// apiError is what the API says in an error's body.
type apiError struct {
	code              int
	message, moreInfo string
}

// parseAPIError decodes the API's error shape, in which code and status are
// numbers or numeric strings, and one of message, more_info and status may be
// missing or null; and the other shape of the same API, {"errors":[{"code":…}]}.
// Any other body is not ok, a list of mere texts included, which the API is
// known to write, too: what something between here and the API wrote must not
// pass for the API's.
func parseAPIError(statusCode int, body []byte) (_ apiError, ok bool) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return apiError{}, false
	}
	if list := fields["errors"]; !isNull(list) {
		return parseErrorList(list)
	}
	code, hasCode := jsonInt(fields["code"])
	status, hasStatus := jsonInt(fields["status"])
	message, hasMessage := jsonString(fields["message"])
	moreInfo, hasMoreInfo := jsonString(fields["more_info"])
	for _, field := range []struct {
		name string
		ok   bool
	}{{"code", hasCode}, {"status", hasStatus}, {"message", hasMessage}, {"more_info", hasMoreInfo}} {
		if raw := fields[field.name]; !field.ok && !isNull(raw) {
			return apiError{code, message, moreInfo}, false
		}
	}
	ok = hasCode && (hasMessage || hasMoreInfo) && (hasStatus || hasMessage && hasMoreInfo) &&
		(!hasStatus || status == statusCode)
	return apiError{code, message, moreInfo}, ok
}

func parseErrorList(list json.RawMessage) (_ apiError, ok bool) {
	var items []json.RawMessage
	if err := json.Unmarshal(list, &items); err != nil || len(items) == 0 {
		return apiError{}, false
	}
	if message, isString := jsonString(items[0]); isString {
		return apiError{message: message}, false // Everybody writes such lists.
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(items[0], &fields); err != nil {
		return apiError{}, false
	}
	code, ok := jsonInt(fields["code"])
	message, _ := jsonString(fields["message"])
	moreInfo, _ := jsonString(fields["more_info"])
	return apiError{code, message, moreInfo}, ok
}

func isNull(raw json.RawMessage) bool {
	return raw == nil || bytes.Equal(raw, []byte("null"))
}

func jsonString(raw json.RawMessage) (string, bool) {
	var s string
	ok := !isNull(raw) && json.Unmarshal(raw, &s) == nil
	return s, ok
}

// jsonInt decodes an integer that is written as a number or as a string.
func jsonInt(raw json.RawMessage) (int, bool) {
	text, isString := jsonString(raw)
	if !isString {
		text = string(raw)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt32 {
		return 0, false
	}
	return int(n), true
}
