package signalwire

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

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
