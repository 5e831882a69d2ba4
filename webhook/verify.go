package webhook

import (
	"bytes"
	"crypto/sha1" // See sign.go.
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/signalwire"
)

// ErrNotSigned is matched by every error of [Verifier.Verify].
var ErrNotSigned = errors.New("signalwire: the webhook is not signed")

// Verifier tells requests that the vendor signed from all others. The zero Verifier
// refuses every request. A Verifier is safe for concurrent use while its fields do
// not change.
type Verifier struct {
	// URL is the scheme, host and path that are configured at the vendor, in the
	// same spelling and without a query. The scheme's standard port may be there or
	// not. The request's own host and path do not count, because a proxy may have
	// changed them: use one Verifier for each URL.
	URL string
	// Keys are the project's signing keys, from the dashboard. An API token is none.
	// While a key is replaced, have both here. Empty keys are left out.
	Keys []string
	// MaxAge is how old the Timestamp of a form may be. 0 means 15 minutes. It may
	// also be up to 5 minutes ahead of this computer's clock.
	MaxAge time.Duration
}

const (
	defaultMaxAge = 15 * time.Minute
	maxAhead      = 5 * time.Minute
)

// The signature's header, its alias, and the one that may come with it.
const (
	signatureHeader = "X-SignalWire-Signature"
	aliasHeader     = "X-Twilio-Signature"
	sha256Header    = "X-SignalWire-Sha256-Signature"
)

// Verify returns nil if the vendor signed the request. The body can then be read
// again, and what was parsed of it before is forgotten. Any other error matches
// [ErrNotSigned]. It says what is wrong, without the signature, a key or a value.
//
// The request must be a POST of a form or of JSON, of at most 1 MiB, with the header
// X-SignalWire-Signature or its alias X-Twilio-Signature; if both are there, they
// must be the same. What is signed is [Verifier.URL] with the request's own query,
// and the body:
//   - Of a form, the parameters, of which there must be one. A Timestamp must be
//     recent. Without a Timestamp, nothing says how old a request is.
//   - Of JSON, the SHA-256 in the query's bodySHA256.
//   - Of JSON without bodySHA256, the body. X-SignalWire-Sha256-Signature, which
//     Verify does not read otherwise, must also be right if it is there.
//
// The bytes of a form are not signed, but what they mean: the order of different
// names, and how they are escaped, do not count. The vendor joins names and values
// without a separator. So whoever has a signed request can make one in which a name
// begins or ends elsewhere; [ParseConferenceEvent] refuses those that it can tell.
func (v *Verifier) Verify(r *http.Request) error {
	urls, err := v.urls(r)
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		return refused("the method is not POST")
	}
	given, err := only(r.Header, signatureHeader, aliasHeader)
	if err != nil {
		return err
	}
	if given == "" {
		return refused("the header " + signatureHeader + " is missing")
	}
	body, err := readBody(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSigned, err)
	}
	hashes, hashed := r.URL.Query()[bodyHash]
	if hashed && !isHash(hashes, body) {
		return refused("the URL's " + bodyHash + " is not that of the body")
	}
	switch kind := mediaType(r); {
	case kind == formType:
		err = v.verifyForm(urls, body, given)
	case kind != jsonType:
		err = refused("the Content-Type is neither " + formType + " nor " + jsonType)
	case hashed:
		err = v.match(urls, nil, sha1.New, toBase64, given)
	default:
		err = v.verifyJSON(urls, body, given, r.Header)
	}
	if err == nil {
		r.Form, r.PostForm = nil, nil
	}
	return err
}

func (v *Verifier) verifyForm(urls []string, body []byte, given string) error {
	form, err := url.ParseQuery(string(body))
	switch {
	case err != nil:
		return refused("the form is malformed")
	case len(form) == 0:
		// It would have the signature of a GET.
		return refused("the form is empty, or the body was read before")
	}
	text := joined(form)
	if err := v.match(urls, text, sha1.New, toBase64, given); err != nil {
		return err
	}
	return v.checkTimestamp(form["Timestamp"], text)
}

// checkTimestamp looks at the signed Timestamp, if there is one.
func (v *Verifier) checkTimestamp(timestamps []string, signed []byte) error {
	switch {
	case len(timestamps) == 0 && hidesTimestamp(signed):
		return refused("the Timestamp is hidden in another parameter")
	case len(timestamps) == 0:
		return nil
	case len(timestamps) > 1:
		return refused("the form has two Timestamps")
	}
	timestamp, err := signalwire.ParseTime(timestamps[0])
	if err != nil {
		return refused("the Timestamp is malformed")
	}
	maxAge := v.MaxAge
	if maxAge == 0 {
		maxAge = defaultMaxAge
	}
	switch age := time.Since(timestamp); {
	case age > maxAge:
		return refused("the Timestamp is too old")
	case age < -maxAhead:
		return refused("the Timestamp is in the future")
	}
	return nil
}

// hidesTimestamp reports whether a form without a Timestamp has one in what is
// signed. Somebody then moved the borders of its names, to replay it for ever.
func hidesTimestamp(signed []byte) bool {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if bytes.Contains(signed, []byte("Timestamp"+day.String()[:3]+",")) {
			return true
		}
	}
	return false
}

func (v *Verifier) verifyJSON(urls []string, body []byte, given string, header http.Header) error {
	stronger, err := only(header, sha256Header)
	if err != nil {
		return err
	}
	if !json.Valid(body) { // Its beginning may have become part of the query.
		return refused("the body is not JSON, or was read before")
	}
	if err := v.match(urls, body, sha1.New, hex.EncodeToString, given); err != nil || stronger == "" {
		return err
	}
	return v.match(urls, body, sha256.New, hex.EncodeToString, stronger)
}

// match compares a signature with those of all keys and URLs.
func (v *Verifier) match(urls []string, rest []byte, newHash func() hash.Hash, encode func([]byte) string, given string) error {
	keys, equal := 0, 0
	for _, key := range v.Keys {
		if key == "" {
			continue
		}
		keys++
		for _, url := range urls {
			sum := mac(newHash, key, url, rest)
			if sum == nil {
				return refused("GODEBUG=fips140=only forbids the vendor's signature")
			}
			equal |= subtle.ConstantTimeCompare([]byte(encode(sum)), []byte(given))
		}
	}
	switch {
	case keys == 0:
		return refused("the Verifier has no key; set Keys to the project's signing key")
	case equal == 0:
		return refused("the signature is wrong; check the Verifier's URL and Keys, if the vendor sent the request")
	}
	return nil
}

// urls returns the forms of the URL that the vendor may have signed: as it is, and
// with or without the standard port.
func (v *Verifier) urls(r *http.Request) ([]string, error) {
	port := map[string]string{"https": "443", "http": "80"}
	u, err := url.Parse(v.URL)
	if err != nil || port[u.Scheme] == "" || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") || strings.ContainsAny(v.URL, "?#") {
		return nil, refused("the Verifier's URL is not an http or https URL without a query")
	}
	query := ""
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		query = "?" + r.URL.RawQuery
	}
	host := strings.Index(v.URL, "://") + len("://")
	end := len(v.URL)
	if slash := strings.IndexByte(v.URL[host:], '/'); slash >= 0 {
		end = host + slash
	}
	origin, path := v.URL[:end], v.URL[end:]+query
	standard := ":" + port[u.Scheme]
	switch u.Port() {
	case "":
		return []string{origin + path, origin + standard + path}, nil
	case standard[1:]:
		return []string{origin + path, strings.TrimSuffix(origin, standard) + path}, nil
	}
	return []string{origin + path}, nil
}

// only returns the one value that the headers have, and "" if none is there.
func only(header http.Header, names ...string) (value string, err error) {
	for _, name := range names {
		for _, v := range header.Values(name) {
			switch {
			case v == "":
				return "", refused("the header " + name + " is empty")
			case value != "" && v != value:
				return "", refused("two different signatures are given")
			}
			value = v
		}
	}
	return value, nil
}

// isHash reports whether there is one hash, and it is the body's.
func isHash(hashes []string, body []byte) bool {
	sum := sha256.Sum256(body)
	want, err := hex.DecodeString(hashes[0])
	return err == nil && len(hashes) == 1 && bytes.Equal(want, sum[:])
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// mediaType returns the Content-Type without its parameters, and "" for one that is
// malformed.
func mediaType(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

func refused(reason string) error { return fmt.Errorf("%w: %s", ErrNotSigned, reason) }
