package webhook

import (
	"crypto/hmac"
	"crypto/sha1" // The vendor's choice. HMAC does not need a hash without collisions.
	"encoding/base64"
	"encoding/hex"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// SignForm returns the signature of a form that is posted to a URL, as the header
// X-SignalWire-Signature has it. The URL is the one configured at the vendor, with
// its query. SignForm returns "" if SHA-1 is forbidden; see the package comment.
func SignForm(key, url string, form url.Values) string {
	return toBase64(mac(sha1.New, key, url, joined(form)))
}

// SignJSON returns the signature of JSON that is posted to a URL, as the header
// X-SignalWire-Signature has it. If the URL's query has bodySHA256, which should be
// the hexadecimal SHA-256 of the body, only the URL is signed. SignJSON returns ""
// if SHA-1 is forbidden; see the package comment.
func SignJSON(key, rawURL string, body []byte) string {
	if u, err := url.Parse(rawURL); err == nil && u.Query().Has(bodyHash) {
		return toBase64(mac(sha1.New, key, rawURL, nil))
	}
	return hex.EncodeToString(mac(sha1.New, key, rawURL, body))
}

// bodyHash is the parameter of the URL that has the hash of the body.
const bodyHash = "bodySHA256"

// joined returns the form as it is signed: the names in order, each before each of
// its values, which stay in the order in which they were sent.
func joined(form url.Values) []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			b.WriteString(name)
			b.WriteString(value)
		}
	}
	return []byte(b.String())
}

// mac returns the HMAC of the URL and what follows it. It returns nil if
// GODEBUG=fips140=only forbids the hash or the key, which package hmac says by a
// panic.
func mac(newHash func() hash.Hash, key, url string, rest []byte) (sum []byte) {
	defer func() {
		if recover() != nil {
			sum = nil
		}
	}()
	h := hmac.New(newHash, []byte(key))
	_, _ = h.Write([]byte(url)) // A hash.Hash returns no error.
	_, _ = h.Write(rest)
	return h.Sum(nil)
}

func toBase64(sum []byte) string { return base64.StdEncoding.EncodeToString(sum) }
