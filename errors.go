package signalwire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What an [Error] may match with errors.Is. Each of the first six stands for
// one status.
var (
	ErrBadRequest      = errors.New("signalwire: bad request")
	ErrUnauthorized    = errors.New("signalwire: unauthorized")
	ErrForbidden       = errors.New("signalwire: forbidden")
	ErrNotFound        = errors.New("signalwire: not found")
	ErrUnprocessable   = errors.New("signalwire: unprocessable")
	ErrTooManyRequests = errors.New("signalwire: too many requests")

	// ErrUnexpectedResponse says that the answer is none that the contract
	// describes: another status, another body, a redirect, or too long. It may
	// not come from the API at all, but from a proxy or a wrong address.
	ErrUnexpectedResponse = errors.New("signalwire: unexpected response")
)

var sentinels = map[int]error{
	http.StatusBadRequest:          ErrBadRequest,
	http.StatusUnauthorized:        ErrUnauthorized,
	http.StatusForbidden:           ErrForbidden,
	http.StatusNotFound:            ErrNotFound,
	http.StatusUnprocessableEntity: ErrUnprocessable,
	http.StatusTooManyRequests:     ErrTooManyRequests,
}

// Error says that an answer came and was not the documented success.
//
// It matches, with errors.Is, the sentinel of its status, such as
// [ErrNotFound], and [ErrUnexpectedResponse] if the API did not write it. A 404
// that the API did not write matches only the latter: a wrong space name and
// proxies are answered 404, too, and "not found" must mean that somebody looked.
//
// No field holds the request's URL, its headers or its credentials; where the
// answer repeats the credentials, "[redacted]" stands in their place. An Error
// is not changed once it is returned, so it may be read concurrently.
type Error struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Code is the API's own code, such as 20404, and 0 when it gave none. The
	// vendor warns that codes may change: decide by the status.
	Code int
	// Message and MoreInfo are the API's own words, and "" when it gave none.
	// They come from outside and may hold anything; Error's text is fit for a
	// log.
	Message  string
	MoreInfo string
	// RetryAfter is how long the server asked to wait (RFC 9110, section
	// 10.2.3), measured from the answer, and 0 when it did not ask.
	RetryAfter time.Duration
	// Attempts is how often the request was sent, this answer's included.
	Attempts int
	// MaybeApplied says that this or an earlier attempt may have been carried
	// out all the same. A 404 with it may mean that the call itself removed
	// what is not found any more.
	MaybeApplied bool

	body       []byte
	unexpected string // why the contract does not describe the answer, or ""
}

// Error returns one printable line of at most 500 bytes, without URLs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("signalwire: ")
	b.WriteString(strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode)))
	if e.Attempts > 1 {
		b.WriteString(" after " + strconv.Itoa(e.Attempts) + " attempts")
	}
	if e.MaybeApplied {
		b.WriteString(maybeAppliedText)
	}
	if e.unexpected != "" {
		b.WriteString(": unexpected response: " + e.unexpected)
	}
	if e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden {
		b.WriteString(" (check the credentials, and the token's scope Voice)")
	}
	if e.Code != 0 {
		b.WriteString(": code " + strconv.Itoa(e.Code))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return line(b.String())
}

const maybeAppliedText = " (the request may have been carried out)"

// Is reports whether target is a sentinel that stands for e.
func (e *Error) Is(target error) bool {
	if target == ErrUnexpectedResponse {
		return e.unexpected != ""
	}
	sentinel := sentinels[e.StatusCode]
	return sentinel != nil && target == sentinel && (target != ErrNotFound || e.unexpected == "")
}

// Body returns a copy of the answer's body, with credentials redacted. It is
// nil if the body was longer than 1 MiB.
func (e *Error) Body() []byte { return slices.Clone(e.body) }

// Retryable reports whether the same request may be answered otherwise later:
// the status is 408, 429 or, except for 501 and 505, a 5xx. Whether it is safe
// to send it again is another question; see MaybeApplied.
func (e *Error) Retryable() bool { return retryableStatus(e.StatusCode) }

// TransportError says that no complete answer came: nobody was reached, the
// connection broke, or the time was over. Whether the request was carried out
// is not known if MaybeApplied is set, and it was not if it is not set.
//
// Its text names no URL. It is not changed once it is returned, so it may be
// read concurrently.
type TransportError struct {
	// Attempts is how often the request was tried, and 0 if the context was
	// done before the first time.
	Attempts int
	// MaybeApplied says that a request was written to a connection, so that it
	// may have been carried out.
	MaybeApplied bool
	// Err is what happened at the last attempt. If the caller's context was
	// done, it matches both the context's error and its cause. A cause whose
	// text shows a URL or credentials is replaced by one with these removed.
	Err error
}

// Error returns one printable line of at most 500 bytes, without URLs.
func (e *TransportError) Error() string {
	var b strings.Builder
	b.WriteString("signalwire: no complete answer")
	if e.Attempts > 1 {
		b.WriteString(" after " + strconv.Itoa(e.Attempts) + " attempts")
	}
	if e.MaybeApplied {
		b.WriteString(maybeAppliedText)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return line(b.String())
}

// Unwrap returns Err.
func (e *TransportError) Unwrap() error { return e.Err }

// Timeout reports whether a time limit ended the last attempt: the caller's
// deadline, AttemptTimeout or MaxElapsed of [Doer], or one of the HTTP
// client's own. To tell the caller's from the others, ask its context.
func (e *TransportError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Retryable reports whether the same request may be answered later. It is not
// if the context was done, or if what went wrong stays as it is, such as a
// certificate that is not trusted. Whether it is safe to send the request again
// is another question; see MaybeApplied.
func (e *TransportError) Retryable() bool { return e.Err != nil && retryableFailure(e.Err) }

// contextError matches a context's error and its cause, which net/http
// reports only one of, and what had happened until then.
type contextError struct{ err, cause, last error }

func (e *contextError) Error() string {
	text := e.err.Error()
	if cause := e.cause.Error(); cause != text {
		text += ": " + cause
	}
	if e.last != nil {
		text += "; before that: " + strings.TrimPrefix(e.last.Error(), "signalwire: ")
	}
	return text
}

func (e *contextError) Unwrap() []error {
	errs := []error{e.err, e.cause}
	if e.last != nil {
		errs = append(errs, e.last)
	}
	return errs
}

func (e *contextError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.err, &t) && t.Timeout()
}

// timeLimitError is the end of one of a Doer's own time limits.
type timeLimitError string

func (e timeLimitError) Error() string { return string(e) }
func (timeLimitError) Timeout() bool   { return true }

// clean returns a cause whose text has neither URLs nor secrets in it: the
// cause behind net/http's *url.Error, or, if it still shows some, its text
// without them.
func clean(cause error, secret secrets) error {
	for urlError := (*url.Error)(nil); errors.As(cause, &urlError) && urlError.Err != nil; {
		cause = urlError.Err
	}
	text := cause.Error()
	if strings.Contains(text, "failed to parse Location header") {
		return errUnparsableLocation // net/http's text quotes it.
	}
	if cleaned := withoutURLs(secret.redact(text)); cleaned != text {
		return errors.New(cleaned)
	}
	return cause
}

var errUnparsableLocation = errors.New("the HTTP client tried to follow a redirect to what is not a URL")

const maxErrorText = 500

var blanks = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ")

// withoutURLs puts "[URL]" in the place of every absolute URL.
func withoutURLs(text string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, "://")
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(strings.TrimRight(text[:at], lower+upper+digits+"+.-")) // The scheme goes.
		b.WriteString("[URL]")
		text = text[at:]
		if end := strings.IndexAny(text, " \t\n\v\f\r\"'<>"); end >= 0 {
			text = text[end:]
		} else {
			text = ""
		}
	}
}

// line makes a text that may come from outside fit for a log: one line of
// printable characters, without URLs, and not longer than maxErrorText.
func line(text string) string {
	const ellipsis = "…"
	if len(text) > 4*maxErrorText {
		text = text[:4*maxErrorText] // Enough to be cut once more below.
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, blanks.Replace(withoutURLs(strings.ToValidUTF8(text, string(utf8.RuneError)))))
	if len(text) <= maxErrorText {
		return text
	}
	text = text[:maxErrorText-len(ellipsis)]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + ellipsis
}

// secrets are the credentials of one request, in the forms in which an answer
// might repeat them.
type secrets []string

func secretsOf(header http.Header) secrets {
	var found secrets
	for _, value := range header["Authorization"] {
		scheme, credentials, _ := strings.Cut(value, " ")
		found = append(found, strings.TrimRight(credentials, "=")) // Encoders may escape the padding.
		if strings.EqualFold(scheme, "Basic") {
			decoded, _ := base64.StdEncoding.DecodeString(credentials)
			user, password, _ := strings.Cut(string(decoded), ":")
			found = append(found, password, user, strings.ToUpper(user), strings.ToLower(user))
		}
	}
	// Shorter ones are no credentials, and are everywhere.
	return slices.DeleteFunc(found, func(secret string) bool { return len(secret) < 4 })
}

func (s secrets) redact(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}

// redactBody also finds secrets that were written with JSON's escapes, which
// are then resolved in the whole body.
func (s secrets) redactBody(body []byte) []byte {
	text := s.redact(string(body))
	plain := withoutEscapes(text)
	if redacted := s.redact(plain); redacted != plain {
		text = redacted
	}
	return []byte(text)
}

// withoutEscapes resolves JSON's escapes of slashes and of ASCII, but not those
// that JSON cannot do without.
func withoutEscapes(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, `\`)
		b.WriteString(before)
		switch code, ok := escapedASCII(after); {
		case !found:
			return b.String()
		case ok:
			b.WriteByte(code)
			text = after[len("u0000"):]
		case strings.HasPrefix(after, "/"):
			text = after
		default: // What is escaped is no escape itself.
			b.WriteString(`\` + after[:min(1, len(after))])
			text = after[min(1, len(after)):]
		}
	}
}

func escapedASCII(escape string) (byte, bool) {
	if len(escape) < len("u0000") || escape[0] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(escape[1:len("u0000")], 16, 8)
	return byte(code), err == nil && code >= ' ' && code < 0x7f && code != '"' && code != '\\'
}

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
