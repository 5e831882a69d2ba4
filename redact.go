package signalwire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// clean returns what net/http's *url.Error wraps, without the URLs and secrets
// that its text may show.
func clean(cause error, secret secrets) error {
	for {
		urlError, ok := cause.(*url.Error)
		if !ok || urlError.Err == nil {
			break
		}
		cause = urlError.Err
	}
	if strings.Contains(cause.Error(), "failed to parse Location header") {
		// net/http's text quotes what it cannot parse.
		return &cleanError{errUnparsableLocation.Error(), causeOf(errors.Join(errUnparsableLocation, cause))}
	}
	return presentable(cause, secret)
}

// presentable returns err if it can be shown and handed out, and otherwise a
// cleanError that stands for it.
func presentable(err error, secret secrets) error {
	text := err.Error()
	cleaned := withoutURLs(secret.redact(text))
	if cleaned == text && !anyError(err, isHidden) {
		return err
	}
	return &cleanError{cleaned, causeOf(err)}
}

// A cleanError stands for a cause whose text shows URLs or secrets, or that wraps
// an error that is hidden. It matches what the cause matches, except hidden
// errors. The cause is in a closure, where a dump does not reach it, and so there
// is no Unwrap.
type cleanError struct {
	text  string
	cause func() error
}

func causeOf(err error) func() error { return func() error { return err } }

func (e *cleanError) Error() string { return e.text }

func (e *cleanError) Is(target error) bool {
	cause := e.cause()
	return anyError(cause, func(err error) bool {
		if isHidden(err) {
			return err == cause && err == target // A context's cause matches itself.
		}
		is, ok := err.(interface{ Is(error) bool })
		return reflect.TypeOf(target).Comparable() && err == target || ok && is.Is(target)
	})
}

func (e *cleanError) As(target any) bool {
	wanted := reflect.ValueOf(target).Elem()
	return anyError(e.cause(), func(err error) bool {
		if isHidden(err) {
			return false
		}
		if reflect.TypeOf(err).AssignableTo(wanted.Type()) {
			wanted.Set(reflect.ValueOf(err))
			return true
		}
		as, ok := err.(interface{ As(any) bool })
		return ok && as.As(target)
	})
}

// isHidden reports whether an error is never handed out as part of another one,
// because its text shows a URL, or because it is about another call.
func isHidden(err error) bool {
	switch err.(type) {
	case *url.Error, *Error, *TransportError:
		return true
	}
	return false
}

// anyError reports whether the function is holds for err or an error that it wraps.
func anyError(err error, is func(error) bool) bool {
	switch wrapper := err.(type) {
	case nil:
		return false
	case interface{ Unwrap() error }:
		return is(err) || anyError(wrapper.Unwrap(), is)
	case interface{ Unwrap() []error }:
		return is(err) || slices.ContainsFunc(wrapper.Unwrap(), func(err error) bool { return anyError(err, is) })
	}
	return is(err)
}

var errUnparsableLocation = errors.New("the HTTP client tried to follow a redirect to what is not a URL")

var blanks = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ")

// withoutURLs replaces every absolute URL by "[URL]".
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

// line returns a text from outside as one line of printable characters, without
// URLs, and at most limit bytes long.
func line(text string, limit int) string {
	const ellipsis = "…"
	if len(text) > 4*limit {
		text = text[:4*limit] // Enough to be cut once more below.
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, blanks.Replace(withoutURLs(strings.ToValidUTF8(text, string(utf8.RuneError)))))
	if len(text) <= limit {
		return text
	}
	text = text[:limit-len(ellipsis)]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + ellipsis
}

// secrets are the credentials of one request, in the forms in which a response
// might repeat them.
type secrets []string

func secretsOf(header http.Header) secrets {
	var found secrets
	for name, values := range header {
		if !strings.EqualFold(name, "Authorization") && !strings.EqualFold(name, "Proxy-Authorization") {
			continue
		}
		for _, value := range values {
			scheme, credentials, hasScheme := strings.Cut(strings.TrimSpace(value), " ")
			if !hasScheme {
				scheme, credentials = "", scheme
			}
			credentials = strings.TrimRight(strings.TrimSpace(credentials), "=") // Encoders may escape the padding.
			found = append(found, credentials)
			if strings.EqualFold(scheme, "Basic") {
				decoded, _ := base64.RawStdEncoding.DecodeString(credentials)
				user, password, _ := strings.Cut(string(decoded), ":")
				found = append(found, user, password)
			}
		}
	}
	// Shorter ones are not credentials, and occur in any text.
	return slices.DeleteFunc(found, func(secret string) bool { return len(strings.ReplaceAll(secret, `\`, "")) < 4 })
}

// redact replaces every secret by "[redacted]", in upper or lower case, and with
// or without the escapes of JSON, HTML and URLs.
func (s secrets) redact(text string) string {
	var b strings.Builder
	end := 0 // of the last secret
	for i := range len(text) {
		length := 0
		for _, secret := range s {
			length = max(length, secretLength(text[i:], secret))
		}
		if length == 0 {
			continue
		}
		if end == 0 {
			b.Grow(len(text))
		}
		if i >= end {
			b.WriteString(strings.TrimRight(text[end:i], `\`)) // They escape what is gone.
			b.WriteString("[redacted]")
		}
		end = max(end, i+length)
	}
	if end == 0 {
		return text
	}
	b.WriteString(text[end:])
	return b.String()
}

// secretLength returns how many bytes at the beginning of text are the secret, or
// 0 if text does not begin with it.
func secretLength(text, secret string) int {
	rest := text
	for i := range len(secret) {
		// Backslashes do not count, because each level of JSON doubles them. What
		// begins with one is found after it, or else a run of them would be
		// searched from each of them.
		if i > 0 {
			rest = strings.TrimLeft(rest, `\`)
		} else if rest[0] == '\\' && !hasPrefixFold(text, secret) {
			return 0
		}
		length := characterLength(rest, secret[i])
		if length == 0 && secret[i] != '\\' {
			if hasPrefixFold(text, secret) { // It may look as if it had escapes in it.
				return len(secret)
			}
			return 0
		}
		rest = rest[length:]
	}
	return len(text) - len(rest)
}

// characterLength returns how many bytes at the beginning of text stand for c.
func characterLength(text string, c byte) int {
	if text == "" {
		return 0
	}
	switch text[0] {
	case 'u', 'U', '%', '&':
		for _, escape := range escapes()[c] {
			if hasPrefixFold(text, escape) {
				return len(escape)
			}
		}
	}
	if text[0] == c || text[0]|' ' == c|' ' && strings.EqualFold(text[:1], string(rune(c))) {
		return 1
	}
	return 0
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && text[0]|' ' == prefix[0]|' ' && // the quick way to a no
		strings.EqualFold(text[:len(prefix)], prefix)
}

// escapes returns the forms that a character, in either case, may have in JSON,
// of which the backslashes are left out, in HTML, and in URLs.
var escapes = sync.OnceValue(func() (all [256][]string) {
	names := map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos"}
	for c := range rune(len(all)) {
		var forms []string
		for _, c := range []rune{c, unicode.ToLower(c), unicode.ToUpper(c)} {
			for _, reference := range []string{fmt.Sprintf("#%d", c), fmt.Sprintf("#%03d", c), fmt.Sprintf("#x%x", c), names[c]} {
				if reference != "" {
					forms = append(forms, "&"+reference+";", "u0026"+reference+";")
				}
			}
			forms = append(forms, fmt.Sprintf("u%04x", c), fmt.Sprintf("%%%02x", c))
		}
		slices.Sort(forms)
		all[c] = slices.Compact(forms)
		slices.Reverse(all[c]) // A form that begins with another one goes before it.
	}
	return all
})
