package signalwire

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// apiError is what the body of a 4xx or 5xx says.
type apiError struct {
	code              int
	message, moreInfo string
}

// parseAPIError decodes an error's body, and reports whether only the API can
// have written it. That is so if [errorFields.areAPIs] says so, or if the contract
// documents its shape for the operation.
//
// Of any other JSON object it decodes the fields that are there. That includes a
// list named errors, of objects or texts, of which it takes the first. The API
// writes such lists, but so do many other services: they prove nothing of an
// operation for which the contract does not have them.
func parseAPIError(op *operation, statusCode int, body []byte) (_ apiError, isAPI bool) {
	if !json.Valid(body) {
		return apiError{}, false
	}
	fields := errorFieldsOf(body)
	e := fields.decode()
	if item, _ := cutJSON(inside(fields.errors, '['), ','); e.code == 0 && e.message == "" && len(item) > 0 {
		e = errorFieldsOf(item).decode()
		if isString(item) {
			e.message = jsonString(item)
		}
	}
	return e, fields.areAPIs(statusCode) || fields.mayBeAPIs(statusCode) && op.documentsFailure(statusCode, body)
}

// errorFields are the values, in JSON, of those fields of an object that tell
// an error. A field that is missing is nil. Names are compared byte by byte: no
// encoder escapes these.
type errorFields struct {
	code, message, moreInfo, status, errors []byte

	repeated bool // one of them is there twice
}

// errorFieldsOf finds the fields of a JSON object. It copies nothing: a body
// may have a hundred thousand other fields.
func errorFieldsOf(object []byte) errorFields {
	var fields errorFields
	known := map[string]*[]byte{
		`"code"`: &fields.code, `"message"`: &fields.message, `"more_info"`: &fields.moreInfo,
		`"status"`: &fields.status, `"errors"`: &fields.errors,
	}
	for rest := inside(object, '{'); len(rest) > 0; {
		var name, value []byte
		name, rest = cutJSON(rest, ':')
		value, rest = cutJSON(rest, ',')
		if field := known[string(name)]; field != nil {
			fields.repeated = fields.repeated || *field != nil
			*field = value
		}
	}
	return fields
}

func (f errorFields) decode() apiError {
	code, _ := jsonIntOrText(f.code)
	return apiError{code, jsonString(f.message), jsonString(f.moreInfo)}
}

// areAPIs reports whether only the API can have written these fields. The meaning
// of a 404 depends on it, so the rule is strict. No field occurs twice, none has
// another type than in the contract, and
//
//   - code, message, more_info and status are all there, and the status is the
//     response's or, as servers made from the contract write it, 0; or
//   - at most one of message, more_info and status is missing or null, the
//     status, if any, is the response's, and the code is neither 0 nor from 100
//     to 599. Such a code may be a numeric string, which is what the vendor
//     documents for other operations.
//
// Gateways and frameworks write similar objects, but with fewer of these
// fields, or with the status as code.
func (f errorFields) areAPIs(statusCode int) bool {
	_, isNumber := jsonInt(f.code)
	code, hasCode := jsonIntOrText(f.code)
	status, hasStatus := jsonInt(f.status)
	if !hasCode || f.repeated {
		return false
	}
	missing := 0
	for _, field := range []struct {
		value   []byte
		hasType bool
	}{{f.message, isString(f.message)}, {f.moreInfo, isString(f.moreInfo)}, {f.status, hasStatus}} {
		switch {
		case field.hasType:
		case field.value == nil || string(field.value) == "null":
			missing++
		default:
			return false
		}
	}
	if missing == 0 && isNumber && (status == statusCode || status == 0) {
		return true
	}
	return missing <= 1 && (!hasStatus || status == statusCode) && code != 0 && (code < 100 || code > 599)
}

// mayBeAPIs reports whether nothing in the fields speaks against the API, whatever
// the contract documents: gateways write the status as code.
func (f errorFields) mayBeAPIs(statusCode int) bool {
	code, hasCode := jsonIntOrText(f.code)
	status, hasStatus := jsonInt(f.status)
	return !f.repeated && (!hasCode || code < 100 || code > 599) && (!hasStatus || status == statusCode || status == 0)
}

// inside returns what is between the brackets of a JSON object or list, and
// nothing of any other value. The JSON has to be valid, here and below.
func inside(value []byte, open byte) []byte {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || value[0] != open {
		return nil
	}
	return bytes.TrimSpace(value[1 : len(value)-1])
}

// cutJSON returns what is before and after the first separator that is not
// part of a string, an object or a list.
func cutJSON(text []byte, separator byte) (before, after []byte) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == separator && depth == 0:
			return bytes.TrimSpace(text[:i]), bytes.TrimSpace(text[i+1:])
		}
	}
	return text, nil
}

func isString(value []byte) bool { return len(value) > 0 && value[0] == '"' }

// jsonString decodes a string. Any other value is "".
func jsonString(value []byte) string {
	var s string
	if isString(value) {
		_ = json.Unmarshal(value, &s)
	}
	return s
}

// jsonInt decodes an integer from 0, written as digits, that fits into an int
// everywhere.
func jsonInt(value []byte) (int, bool) {
	if len(value) > len("2147483647") {
		return 0, false
	}
	n, err := strconv.ParseUint(string(value), 10, 31)
	if err != nil {
		return 0, false
	}
	return int(n), true
}

// jsonIntOrText also decodes one that is written as a string of digits.
func jsonIntOrText(value []byte) (int, bool) {
	if isString(value) {
		value = value[1 : len(value)-1]
	}
	return jsonInt(value)
}
