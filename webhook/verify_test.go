package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/webhook"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// signed is a request, and the Verifier's URL and key.
type signed struct {
	url, key string

	method, query, contentType, body string
	signature, alias, stronger       string // headers, which are not set if they are ""
}

func (s signed) request(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), s.method, "http://backend.internal:8080/somewhere", strings.NewReader(s.body))
	require.NoError(t, err)
	r.URL.RawQuery = s.query
	for name, value := range map[string]string{
		"Content-Type": s.contentType, "X-SignalWire-Signature": s.signature,
		"X-Twilio-Signature": s.alias, "X-SignalWire-Sha256-Signature": s.stronger,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func (s signed) verify(t testing.TB) error {
	t.Helper()
	return (&webhook.Verifier{URL: s.url, Keys: []string{s.key}}).Verify(s.request(t))
}

func strongerSignature(key, url, body string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(url + body))
	return hex.EncodeToString(h.Sum(nil))
}

// signedRequests returns a request of each form that the vendor signs.
func signedRequests() map[string]signed {
	return map[string]signed{
		"form": {
			url: formURL, key: formKey, method: http.MethodPost, query: formQuery,
			contentType: formType, body: vectorForm().Encode(), signature: formSignature,
		},
		"JSON": {
			url: vectorURL, key: vectorKey, method: http.MethodPost,
			contentType: jsonType, body: vectorJSON, signature: vectorSignature,
		},
		"JSON with both": {
			url: vectorURL, key: vectorKey, method: http.MethodPost,
			contentType: jsonType, body: vectorJSON, signature: vectorSignature,
			stronger: strongerSignature("PSKtest1234567890abcdef", vectorURL, vectorJSON),
		},
		"JSON with a query": {
			url: vectorURL, key: vectorKey, method: http.MethodPost, query: "tenant=12",
			contentType: jsonType, body: vectorJSON,
			signature: webhook.SignJSON(vectorKey, vectorURL+"?tenant=12", []byte(vectorJSON)),
		},
		"hashed JSON": {
			url: vectorURL, key: vectorKey, method: http.MethodPost, query: hashedQuery,
			contentType: jsonType, body: hashedJSON, signature: hashedSignature,
		},
	}
}

// joined returns what the vendor posts when somebody joins, after a change.
func joined(change func(url.Values)) signed {
	form := url.Values{
		"AccountSid":    {"6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24"},
		"ApiVersion":    {"2010-04-01"},
		"CallSid":       {"d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"},
		"CallStatus":    {"in-progress"},
		"ConferenceSid": {"0b8f2f6e-6f0c-4f43-9a57-5a3c1d6f7e81"},
		"Direction":     {"inbound"}, "EndConferenceOnExit": {"false"}, "FriendlyName": {"standup"},
		"From": {"+15550100"}, "Hold": {"false"}, "Muted": {"true"}, "SequenceNumber": {"3"},
		"StartConferenceOnEnter": {"true"}, "StatusCallbackEvent": {"participant-join"},
		"Timestamp": {time.Now().UTC().Format(time.RFC1123Z)}, "To": {"+15550199"},
	}
	if change != nil {
		change(form)
	}
	return signed{
		url: formURL, key: formKey, method: http.MethodPost, query: formQuery, contentType: formType,
		body: form.Encode(), signature: webhook.SignForm(formKey, formURL+"?"+formQuery, form),
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, s := range signedRequests() {
		require.NoError(t, s.verify(t), name)

		alias := s
		alias.signature, alias.alias = "", s.signature
		require.NoError(t, alias.verify(t), "%s: the alias", name)

		both := s
		both.alias = s.signature
		require.NoError(t, both.verify(t), "%s: both headers", name)

		both.contentType = strings.ToUpper(s.contentType) + "; charset=utf-8"
		require.NoError(t, both.verify(t), "%s: a charset", name)
	}
}

// TestVerifyLeavesTheBody reads what was verified, whatever was parsed before.
func TestVerifyLeavesTheBody(t *testing.T) {
	t.Parallel()
	for name, s := range signedRequests() {
		r := s.request(t)
		r.Form, r.PostForm = url.Values{"From": {"forged"}}, url.Values{"From": {"forged"}}
		for range 2 {
			require.NoError(t, (&webhook.Verifier{URL: s.url, Keys: []string{s.key}}).Verify(r), name)
		}
		require.Nil(t, r.Form)
		require.NotEqual(t, "forged", r.PostFormValue("From"), name)
	}
	s := signedRequests()["hashed JSON"]
	r := s.request(t)
	closed := false
	r.Body = readCloser{r.Body, func() { closed = true }}
	require.NoError(t, (&webhook.Verifier{URL: s.url, Keys: []string{s.key}}).Verify(r))
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, s.body, string(body))
	require.NoError(t, r.Body.Close())
	require.True(t, closed)
}

type readCloser struct {
	io.Reader
	close func()
}

func (r readCloser) Close() error { r.close(); return nil }

// TestVerifyPorts has the vendor sign with and without the standard port.
func TestVerifyPorts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		configured, signed string
		accepted           bool
	}{
		{"https://example.com/a", "https://example.com/a", true},
		{"https://example.com/a", "https://example.com:443/a", true},
		{"https://example.com:443/a", "https://example.com/a", true},
		{"https://example.com:443/a", "https://example.com:443/a", true},
		{"https://example.com", "https://example.com:443", true},
		{"https://[2001:db8::1]/a:443", "https://[2001:db8::1]:443/a:443", true},
		{"https://[2001:db8::443]/a", "https://[2001:db8:]/a", false},
		{"https://user:443@example.com/a", "https://user:443@example.com:443/a", true},
		{"http://example.com/a", "http://example.com:80/a", true},
		{"http://example.com:80/a", "http://example.com/a", true},
		{"HTTPS://example.com/a", "HTTPS://example.com:443/a", true},

		{"https://example.com/a", "https://example.com:80/a", false},
		{"http://example.com/a", "http://example.com:443/a", false},
		{"https://example.com/a", "http://example.com/a", false},
		{"https://example.com:8443/a", "https://example.com/a", false},
		{"https://example.com:8443/a", "https://example.com:443/a", false},
		{"https://example.com:8443/a", "https://example.com:8443/a", true},
		{"https://example.com/a", "https://example.com/b", false},
		{"https://example.com/a", "https://example.org/a", false},
	} {
		for _, query := range []string{"", "?a=b%20c&d"} {
			s := joined(nil)
			s.url, s.query = tt.configured, strings.TrimPrefix(query, "?")
			form, err := url.ParseQuery(s.body)
			require.NoError(t, err)
			s.signature = webhook.SignForm(s.key, tt.signed+query, form)
			require.Equal(t, tt.accepted, s.verify(t) == nil, "%s, signed for %s%s", tt.configured, tt.signed, query)
		}
	}
}

// TestVerifyEmptyQuery has a URL that ends in a question mark.
func TestVerifyEmptyQuery(t *testing.T) {
	t.Parallel()
	form := vectorForm()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/a?", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", formType)
	r.Header.Set("X-SignalWire-Signature", webhook.SignForm("key", "https://example.com/a?", form))
	verifier := &webhook.Verifier{URL: "https://example.com/a", Keys: []string{"key"}}
	require.NoError(t, verifier.Verify(r))
	r.Header.Set("X-SignalWire-Signature", webhook.SignForm("key", "https://example.com/a", form))
	require.ErrorIs(t, verifier.Verify(r), webhook.ErrNotSigned)
}

// TestVerifyKeys tries every key, and no empty one.
func TestVerifyKeys(t *testing.T) {
	t.Parallel()
	s := signedRequests()["form"]
	verify := func(keys ...string) error {
		return (&webhook.Verifier{URL: s.url, Keys: keys}).Verify(s.request(t))
	}
	require.NoError(t, verify("old", s.key))
	require.NoError(t, verify(s.key, "new"))
	require.NoError(t, verify("", s.key, ""))
	require.ErrorIs(t, verify("old", "new"), webhook.ErrNotSigned)

	s.signature = webhook.SignForm("", s.url+"?"+s.query, vectorForm())
	require.EqualError(t, verify(""), "signalwire: the webhook is not signed: the Verifier has no key; set Keys to the project's signing key")
	require.ErrorIs(t, verify("", "new"), webhook.ErrNotSigned)
	require.ErrorIs(t, verify(), webhook.ErrNotSigned)
}

func TestZeroVerifierRefusesEverything(t *testing.T) {
	t.Parallel()
	for name, s := range signedRequests() {
		require.ErrorIs(t, new(webhook.Verifier).Verify(s.request(t)), webhook.ErrNotSigned, name)
		s.signature = webhook.SignForm("", "?"+s.query, vectorForm())
		require.ErrorIs(t, new(webhook.Verifier).Verify(s.request(t)), webhook.ErrNotSigned, name)
	}
}

// TestVerifySaysWhy names what is wrong, and never a value.
func TestVerifySaysWhy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, of string
		change   func(*signed)
		want     string
	}{
		{"no URL", "form", func(s *signed) { s.url = "" }, "the Verifier's URL is not an http or https URL without a query"},
		{"path alone", "form", func(s *signed) { s.url = "/myapp.php" }, "the Verifier's URL is not an http or https URL without a query"},
		{"another scheme", "form", func(s *signed) { s.url = "ftp://mycompany.com/" }, "the Verifier's URL is not an http or https URL without a query"},
		{"empty port", "form", func(s *signed) { s.url = "https://mycompany.com:/" }, "the Verifier's URL is not an http or https URL without a query"},
		{"query in the URL", "form", func(s *signed) { s.url += "?foo=1" }, "the Verifier's URL is not an http or https URL without a query"},
		{"fragment in the URL", "form", func(s *signed) { s.url += "#a" }, "the Verifier's URL is not an http or https URL without a query"},
		{"broken URL", "form", func(s *signed) { s.url = "https://%zz/" }, "the Verifier's URL is not an http or https URL without a query"},
		{"no key", "form", func(s *signed) { s.key = "" }, "the Verifier has no key; set Keys to the project's signing key"},
		{"GET", "form", func(s *signed) { s.method = http.MethodGet }, "the method is not POST"},
		{"PUT", "form", func(s *signed) { s.method = http.MethodPut }, "the method is not POST"},
		{"no signature", "form", func(s *signed) { s.signature = "" }, "the header X-SignalWire-Signature is missing"},
		{"the stronger one alone", "JSON with both", func(s *signed) { s.signature = "" }, "the header X-SignalWire-Signature is missing"},
		{"two signatures", "form", func(s *signed) { s.alias = "forged" }, "two different signatures are given"},
		{"long body", "form", func(s *signed) { s.body += "&A=" + strings.Repeat("a", 1<<20) }, "the body is longer than 1 MiB"},
		{"text", "form", func(s *signed) { s.contentType = "text/plain" }, "the Content-Type is neither application/x-www-form-urlencoded nor application/json"},
		{"multipart", "form", func(s *signed) { s.contentType = "multipart/form-data; boundary=a" }, "the Content-Type is neither application/x-www-form-urlencoded nor application/json"},
		{"no type", "form", func(s *signed) { s.contentType = "" }, "the Content-Type is neither application/x-www-form-urlencoded nor application/json"},
		{"no body", "form", func(s *signed) { s.body = "" }, "the form is empty, or the body was read before"},
		{"a semicolon", "form", func(s *signed) { s.body = "From=1;To=2" }, "the form is malformed"},
		{"a wrong escape", "form", func(s *signed) { s.body = "From=%zz" }, "the form is malformed"},
		{"another value", "form", func(s *signed) { s.body += "1" }, "the signature is wrong; check the Verifier's URL and Keys, if the vendor sent the request"},
		{"another body", "hashed JSON", func(s *signed) { s.body += " " }, "the URL's bodySHA256 is not that of the body"},
		{"two hashes", "hashed JSON", func(s *signed) { s.query += "&" + s.query }, "the URL's bodySHA256 is not that of the body"},
		{"no hash", "hashed JSON", func(s *signed) { s.query = "bodySHA256" }, "the URL's bodySHA256 is not that of the body"},
		{"a form with the hash of JSON", "hashed JSON", func(s *signed) { s.contentType, s.body = formType, "" }, "the URL's bodySHA256 is not that of the body"},
		{"no JSON", "JSON", func(s *signed) { s.body = "" }, "the body is not JSON, or was read before"},
		{"another stronger one", "JSON with both", func(s *signed) { s.stronger = s.signature }, "the signature is wrong; check the Verifier's URL and Keys, if the vendor sent the request"},
	} {
		s := signedRequests()[tt.of]
		tt.change(&s)
		err := s.verify(t)
		require.ErrorIs(t, err, webhook.ErrNotSigned, tt.name)
		require.EqualError(t, err, "signalwire: the webhook is not signed: "+tt.want, tt.name)
	}
}

// TestVerifyHeaders sends a header more than once, and empty.
func TestVerifyHeaders(t *testing.T) {
	t.Parallel()
	for name, s := range signedRequests() {
		for _, header := range []string{"X-SignalWire-Signature", "X-Twilio-Signature"} {
			r := s.request(t)
			r.Header.Add(header, s.signature)
			require.NoError(t, (&webhook.Verifier{URL: s.url, Keys: []string{s.key}}).Verify(r), "%s: the same one twice", name)
			for _, other := range []string{"", "forged", s.signature + " "} {
				r := s.request(t)
				r.Header.Add(header, other)
				require.ErrorIs(t, (&webhook.Verifier{URL: s.url, Keys: []string{s.key}}).Verify(r), webhook.ErrNotSigned, "%s: %s: %q", name, header, other)
			}
		}
	}
}

// TestVerifyBodies has bodies that are too long, break off, and are at the limit.
func TestVerifyBodies(t *testing.T) {
	t.Parallel()
	body := `"` + strings.Repeat("a", 1<<20-2) + `"`
	s := signed{url: vectorURL, key: vectorKey, method: http.MethodPost, contentType: jsonType, body: body}
	s.signature = webhook.SignJSON(s.key, s.url, []byte(s.body))
	require.NoError(t, s.verify(t))

	s.body += " "
	s.signature = webhook.SignJSON(s.key, s.url, []byte(s.body))
	require.ErrorContains(t, s.verify(t), "longer than 1 MiB")

	cut := errors.New("cut")
	r := signedRequests()["form"].request(t)
	r.Body = io.NopCloser(iotest.ErrReader(cut))
	err := (&webhook.Verifier{URL: s.url, Keys: []string{s.key}}).Verify(r)
	require.ErrorIs(t, err, webhook.ErrNotSigned)
	require.ErrorIs(t, err, cut)

	r.Body = nil
	require.ErrorIs(t, (&webhook.Verifier{URL: s.url, Keys: []string{s.key}}).Verify(r), webhook.ErrNotSigned)
}

// TestVerifyTimestamp has a clock of its own.
func TestVerifyTimestamp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			age, maxAge time.Duration
			want        string // or "" if it is accepted
		}{
			{0, 0, ""},
			{15 * time.Minute, 0, ""},
			{15*time.Minute + time.Second, 0, "the Timestamp is too old"},
			{-5 * time.Minute, 0, ""},
			{-5*time.Minute - time.Second, 0, "the Timestamp is in the future"},
			{time.Minute, time.Minute, ""},
			{time.Minute + time.Second, time.Minute, "the Timestamp is too old"},
			{23 * time.Hour, 24 * time.Hour, ""},
			{0, -time.Second, "the Timestamp is too old"},
			{100 * 365 * 24 * time.Hour, 0, "the Timestamp is too old"},
		} {
			s := joined(func(form url.Values) {
				form.Set("Timestamp", time.Now().Add(-tt.age).In(time.FixedZone("", 3600)).Format(time.RFC1123Z))
			})
			err := (&webhook.Verifier{URL: s.url, Keys: []string{s.key}, MaxAge: tt.maxAge}).Verify(s.request(t))
			if tt.want == "" {
				require.NoError(t, err, "%s", tt.age)
				continue
			}
			require.EqualError(t, err, "signalwire: the webhook is not signed: "+tt.want)
		}
		for text, want := range map[string]string{
			"":          "the Timestamp is malformed",
			"yesterday": "the Timestamp is malformed",
			"1":         "the Timestamp is malformed",
		} {
			s := joined(func(form url.Values) { form.Set("Timestamp", text) })
			require.ErrorContains(t, s.verify(t), want, text)
		}
		s := joined(func(form url.Values) { form.Add("Timestamp", form.Get("Timestamp")) })
		require.ErrorContains(t, s.verify(t), "the form has two Timestamps")
		s = joined(func(form url.Values) { form.Del("Timestamp") })
		require.NoError(t, s.verify(t))
		s = joined(func(form url.Values) { form.Del("Timestamp"); form.Set("Body", "Timestamp Mon") })
		require.NoError(t, s.verify(t))
	})
}

// TestVerifyConcurrently is for the race detector.
func TestVerifyConcurrently(t *testing.T) {
	t.Parallel()
	requests := signedRequests()
	verifier := &webhook.Verifier{URL: vectorURL, Keys: []string{"other", vectorKey}}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, name := range []string{"JSON", "hashed JSON", "JSON with both"} {
				if err := verifier.Verify(requests[name].request(t)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// mutations returns forgeries of a request, each with what was changed. None of
// them means the same as the original.
func mutations(s signed) map[string]signed {
	mutants := make(map[string]signed)
	add := func(name string, change func(*signed)) {
		m := s
		change(&m)
		if m != s {
			mutants[name] = m
		}
	}
	for name, field := range map[string]func(*signed) *string{
		"URL":       func(s *signed) *string { return &s.url },
		"key":       func(s *signed) *string { return &s.key },
		"query":     func(s *signed) *string { return &s.query },
		"body":      func(s *signed) *string { return &s.body },
		"signature": func(s *signed) *string { return &s.signature },
		"stronger":  func(s *signed) *string { return &s.stronger },
	} {
		text := *field(&s)
		for i := range len(text) {
			add(fmt.Sprintf("%s: byte %d is another", name, i), func(s *signed) {
				*field(s) = text[:i] + string(text[i]^1) + text[i+1:]
			})
			add(fmt.Sprintf("%s: byte %d has another case", name, i), func(s *signed) {
				if c := text[i]; 'a' <= c|0x20 && c|0x20 <= 'z' {
					*field(s) = text[:i] + string(c^0x20) + text[i+1:]
				}
			})
			add(fmt.Sprintf("%s: without byte %d", name, i), func(s *signed) { *field(s) = text[:i] + text[i+1:] })
			add(fmt.Sprintf("%s: byte %d twice", name, i), func(s *signed) { *field(s) = text[:i] + text[i:i+1] + text[i:] })
			add(fmt.Sprintf("%s: cut at %d", name, i), func(s *signed) { *field(s) = text[:i] })
			if name == "stronger" && i == 0 {
				delete(mutants, "stronger: cut at 0") // It may be missing.
			}
		}
		if text != "" {
			for _, more := range []string{" ", "=", "\n", "\x01", "&a=b", "a", "/"} {
				add(fmt.Sprintf("%s: %q is added", name, more), func(s *signed) { *field(s) += more })
				add(fmt.Sprintf("%s: %q is before it", name, more), func(s *signed) { *field(s) = more + *field(s) })
			}
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "QUERY"} {
		add("method "+method, func(s *signed) { s.method = method })
	}
	for _, contentType := range []string{formType, jsonType, "", "text/plain", "multipart/form-data; boundary=a", "application/json;;", "text/json"} {
		add("type "+contentType, func(s *signed) { s.contentType = contentType })
	}
	raw, err := base64.StdEncoding.DecodeString(s.signature)
	if err != nil || len(raw) != 20 {
		raw, _ = hex.DecodeString(s.signature)
	}
	for name, signature := range map[string]string{
		"hex": hex.EncodeToString(raw), "upper hex": strings.ToUpper(hex.EncodeToString(raw)),
		"base64": base64.StdEncoding.EncodeToString(raw), "base64url": base64.URLEncoding.EncodeToString(raw),
		"unpadded": base64.RawStdEncoding.EncodeToString(raw), "raw": string(raw), "none": "",
		"of the URL": webhook.SignForm(s.key, s.url+"?"+s.query, nil), "of the URL alone": webhook.SignForm(s.key, s.url, nil),
		"of no key": webhook.SignForm("", s.url+"?"+s.query, vectorForm()), "of JSON": webhook.SignJSON(s.key, s.url, []byte(s.body)),
		"stronger": strongerSignature(s.key, s.url, s.body),
	} {
		add("signature: "+name, func(s *signed) { s.signature = signature })
		add("signature in all headers: "+name, func(s *signed) { s.signature, s.alias, s.stronger = signature, signature, signature })
		add("alias: "+name, func(s *signed) {
			if signature != "" {
				s.alias = signature
			}
		})
	}
	for name, mutant := range mutants {
		if sameMeaning(mutant, s) {
			delete(mutants, name)
		}
	}
	return mutants
}

// sameMeaning reports whether a mutant is signed for what it says: TestVerify,
// TestVerifyAcceptsTheSame and TestMovedBorders have these.
func sameMeaning(mutant, s signed) bool {
	if mutant.alias == s.signature {
		mutant.alias = ""
	}
	if s.contentType == formType || strings.Contains(s.query, "bodySHA256") {
		mutant.stronger = s.stronger // It belongs to the JSON that has no hash.
	}
	if s.contentType == formType && mutant.contentType == formType {
		form, err := url.ParseQuery(mutant.body)
		original, _ := url.ParseQuery(s.body)
		if err == nil && webhook.SignForm("", "", form) == webhook.SignForm("", "", original) {
			mutant.body = s.body
		}
	}
	return mutant == s
}

// TestVerifyRefusesMutations changes signed requests in every place.
func TestVerifyRefusesMutations(t *testing.T) {
	t.Parallel()
	requests := signedRequests()
	requests["joined"] = joined(nil)
	total := 0
	for name, s := range requests {
		require.NoError(t, s.verify(t), name)
		all := mutations(s)
		require.Greater(t, len(all), 200, name)
		total += len(all)
		for what, mutant := range all {
			err := mutant.verify(t)
			require.ErrorIs(t, err, webhook.ErrNotSigned, "%s: %s is accepted", name, what)
			for _, secret := range []string{mutant.key, mutant.signature} {
				if len(secret) > 4 {
					require.NotContains(t, err.Error(), secret)
				}
			}
		}
	}
	t.Logf("%d mutations of %d requests", total, len(requests))
}

// TestVerifyRefusesOtherParameters changes the form, not its bytes.
func TestVerifyRefusesOtherParameters(t *testing.T) {
	t.Parallel()
	original := joined(func(form url.Values) { form["Twice"] = []string{"1", "2"} })
	require.NoError(t, original.verify(t))
	form, err := url.ParseQuery(original.body)
	require.NoError(t, err)
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	for _, name := range names {
		for what, change := range map[string]func(url.Values){
			"is missing":     func(f url.Values) { f.Del(name) },
			"is empty":       func(f url.Values) { f.Set(name, "") },
			"is longer":      func(f url.Values) { f.Set(name, f.Get(name)+"0") },
			"is there again": func(f url.Values) { f.Add(name, f.Get(name)) },
			"has a space":    func(f url.Values) { f.Set(name, " "+f.Get(name)) },
			"is lower case":  func(f url.Values) { f[strings.ToLower(name)] = f[name]; f.Del(name) },
			"is in the URL":  nil,
		} {
			mutant, changed := original, url.Values{}
			for key, values := range form {
				changed[key] = append([]string(nil), values...)
			}
			if change == nil {
				mutant.query += "&" + name + "=" + url.QueryEscape(changed.Get(name))
				changed.Del(name)
			} else {
				change(changed)
			}
			mutant.body = changed.Encode()
			require.ErrorIs(t, mutant.verify(t), webhook.ErrNotSigned, "%s %s", name, what)
		}
	}
	swapped := original
	swapped.body = strings.Replace(original.body, "Twice=1&Twice=2", "Twice=2&Twice=1", 1)
	require.NotEqual(t, original.body, swapped.body)
	require.ErrorIs(t, swapped.verify(t), webhook.ErrNotSigned)
}

// TestVerifyAcceptsTheSame changes bytes that do not change what a form means.
func TestVerifyAcceptsTheSame(t *testing.T) {
	t.Parallel()
	s := joined(nil)
	for name, change := range map[string]func(string) string{
		"another order":  func(body string) string { first, rest, _ := strings.Cut(body, "&"); return rest + "&" + first },
		"another escape": func(body string) string { return strings.ReplaceAll(body, "%2B", "%2b") },
		"more escapes":   func(body string) string { return strings.ReplaceAll(body, "From", "%46rom") },
	} {
		same := s
		same.body = change(s.body)
		require.NotEqual(t, s.body, same.body, name)
		require.NoError(t, same.verify(t), name)
	}
}

// TestVerifyAcceptsNoOtherKind makes requests of one kind from another's.
func TestVerifyAcceptsNoOtherKind(t *testing.T) {
	t.Parallel()
	toHex := func(signature string) string {
		sum, err := base64.StdEncoding.DecodeString(signature)
		require.NoError(t, err)
		return hex.EncodeToString(sum)
	}
	const query = "bodySHA256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // of nothing
	ofURL := webhook.SignForm(vectorKey, vectorURL, nil)
	post := signed{url: vectorURL, key: vectorKey, method: http.MethodPost}
	for name, change := range map[string]func(*signed){
		"a GET as an empty form":       func(s *signed) { s.contentType, s.signature = formType, ofURL },
		"a GET as a form of ampersand": func(s *signed) { s.contentType, s.signature, s.body = formType, ofURL, "&&" },
		"a GET as JSON":                func(s *signed) { s.contentType, s.signature, s.body = jsonType, ofURL, vectorJSON },
		"a GET as empty JSON":          func(s *signed) { s.contentType, s.signature = jsonType, toHex(ofURL) },
		"hashed JSON as an empty form": func(s *signed) {
			s.contentType, s.query = formType, query
			s.signature = webhook.SignForm(vectorKey, vectorURL+"?"+query, nil)
		},
		"a form as JSON": func(s *signed) {
			s.contentType, s.body = jsonType, "From+15550100"
			s.signature = toHex(webhook.SignForm(vectorKey, vectorURL, url.Values{"From": {"+15550100"}}))
		},
		"JSON whose beginning is in the query": func(s *signed) {
			s.contentType, s.query, s.body = jsonType, "a=", `12{"event":"call.state"}`
			s.signature = webhook.SignJSON(vectorKey, vectorURL+"?a=12", []byte(`{"event":"call.state"}`))
		},
		"JSON whose end is the body": func(s *signed) {
			s.contentType, s.query, s.body = jsonType, `a=1{"b":`, `{"event":"call.state"}}`
			s.signature = webhook.SignJSON(vectorKey, vectorURL+"?a=1", []byte(`{"b":{"event":"call.state"}}`))
		},
	} {
		forged := post
		change(&forged)
		require.ErrorIs(t, forged.verify(t), webhook.ErrNotSigned, name)
	}
}

// TestMovedBorders moves the borders between the names and values of a form, which
// its signature does not cover. The SIDs and the time stay what was signed, and old
// requests stay old.
func TestMovedBorders(t *testing.T) {
	t.Parallel()
	original := joined(nil)
	want, err := webhook.ParseConferenceEvent(original.request(t))
	require.NoError(t, err)
	form, err := url.ParseQuery(original.body)
	require.NoError(t, err)
	var parts []string // A name, its value, the next name, and so on.
	for pair := range strings.SplitSeq(original.body, "&") {
		name, _, _ := strings.Cut(pair, "=")
		parts = append(parts, name, form.Get(name))
	}
	verified, parsed := 0, 0
	for first := range len(parts) - 1 {
		both := parts[first] + parts[first+1]
		for at := range len(both) + 1 {
			moved := append([]string(nil), parts...)
			moved[first], moved[first+1] = both[:at], both[at:]
			// An empty name goes to the value before it, as if there were no border.
			changed := url.Values{}
			for i := 0; i < len(moved); i += 2 {
				changed.Add(moved[i], moved[i+1])
			}
			mutant := original
			if mutant.body = changed.Encode(); mutant.body == original.body {
				continue
			}
			if mutant.verify(t) != nil {
				continue
			}
			verified++
			event, err := webhook.ParseConferenceEvent(mutant.request(t))
			if err != nil {
				continue
			}
			parsed++
			require.Equal(t, want.AccountSid, event.AccountSid)
			require.Equal(t, want.ConferenceSid, event.ConferenceSid)
			require.True(t, want.CallSid == event.CallSid || event.CallSid.IsZero())
			require.True(t, want.Timestamp.Equal(event.Timestamp), "%q", moved)
		}
	}
	require.Positive(t, verified, "otherwise nothing is tested")
	t.Logf("of the forms with a moved border, %d are signed and %d are events", verified, parsed)
}

// FuzzVerify: no request makes Verify panic, and none passes that was not signed
// with the key.
func FuzzVerify(f *testing.F) {
	for _, s := range signedRequests() {
		f.Add(s.url, s.query, s.contentType, s.body, s.signature, s.stronger)
	}
	s := joined(nil)
	f.Add(s.url, s.query, s.contentType, s.body, s.signature, s.stronger)
	f.Fuzz(func(t *testing.T, address, query, contentType, body, signature, stronger string) {
		s := signed{address, "a key that the fuzzer does not know", http.MethodPost, query, contentType, body, signature, "", stronger}
		err := s.verify(t)
		require.ErrorIs(t, err, webhook.ErrNotSigned)
		require.NotContains(t, err.Error(), s.key)
		require.NotContains(t, err.Error(), "\n")

		// Signed anew, it is refused for another reason, or passes.
		s.signature, s.stronger = webhook.SignJSON(s.key, address+"?"+query, []byte(body)), ""
		if form, err := url.ParseQuery(body); err == nil && strings.HasPrefix(contentType, formType) {
			s.signature = webhook.SignForm(s.key, address+"?"+query, form)
		}
		r := s.request(t)
		if err := (&webhook.Verifier{URL: address, Keys: []string{s.key}}).Verify(r); err == nil {
			left, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			require.Equal(t, body, string(left))
		} else {
			require.ErrorIs(t, err, webhook.ErrNotSigned)
		}
	})
}
