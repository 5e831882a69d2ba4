package webhook_test

import (
	"net/url"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/webhook"
)

// The vendor's public vectors.
const (
	vectorURL       = "https://example.ngrok.io/webhook"
	vectorKey       = "PSKtest1234567890abcdef"
	vectorJSON      = `{"event":"call.state","params":{"call_id":"abc-123","state":"answered"}}`
	vectorSignature = "c3c08c1fefaf9ee198a100d5906765a6f394bf0f"

	hashedQuery     = "bodySHA256=69f3cbfc18e386ef8236cb7008cd5a54b7fed637a8cb3373b5a1591d7f0fd5f4"
	hashedJSON      = `{"event":"call.state"}`
	hashedSignature = "dfO9ek8mxyFtn2nMz24plPmPfIY="

	formURL       = "https://mycompany.com/myapp.php"
	formQuery     = "foo=1&bar=2"
	formKey       = "12345"
	formSignature = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
)

func vectorForm() url.Values {
	return url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"},
		"From": {"+14158675309"}, "To": {"+18005551212"},
	}
}

func TestSignVectors(t *testing.T) {
	t.Parallel()
	require.Equal(t, formSignature, webhook.SignForm(formKey, formURL+"?"+formQuery, vectorForm()))
	require.Equal(t, vectorSignature, webhook.SignJSON(vectorKey, vectorURL, []byte(vectorJSON)))
	require.Equal(t, hashedSignature, webhook.SignJSON(vectorKey, vectorURL+"?"+hashedQuery, []byte(hashedJSON)))
}

// TestSignForm keeps the order of values, and of nothing else.
func TestSignForm(t *testing.T) {
	t.Parallel()
	sign := func(form url.Values) string { return webhook.SignForm("key", "https://example.com/", form) }
	require.NotEqual(t, sign(url.Values{"A": {"1", "2"}}), sign(url.Values{"A": {"2", "1"}}))
	require.Equal(t, sign(url.Values{"A": {"1", "2"}, "B": {"3"}}), sign(url.Values{"A": {"1A2B3"}}), "there is no separator")
}

// TestFIPS runs tests of this package where SHA-1 is forbidden.
func TestFIPS(t *testing.T) {
	t.Parallel()
	executable, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), executable, "-test.run=^TestForbidden$", "-test.v")
	command.Env = append(os.Environ(), "GODEBUG=fips140=only", "FORBIDDEN=1", "GOCOVERDIR="+t.TempDir())
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: TestForbidden")
}

// TestForbidden does what it says where TestFIPS runs it.
func TestForbidden(t *testing.T) {
	t.Parallel()
	if os.Getenv("FORBIDDEN") == "" {
		return
	}
	require.Empty(t, webhook.SignForm(formKey, formURL, vectorForm()))
	require.Empty(t, webhook.SignJSON(vectorKey, vectorURL, []byte(vectorJSON)))
	require.Empty(t, webhook.SignJSON(vectorKey, vectorURL+"?"+hashedQuery, []byte(hashedJSON)))
	for name, s := range signedRequests() {
		for _, signature := range []string{formSignature, vectorSignature, hashedSignature} {
			s.signature = signature
			require.EqualError(t, s.verify(t), "signalwire: the webhook is not signed: GODEBUG=fips140=only forbids the vendor's signature", name)
		}
		s.signature = webhook.SignForm(s.key, s.url, vectorForm()) // It is "".
		require.ErrorIs(t, s.verify(t), webhook.ErrNotSigned, name)
	}
	_, err := webhook.ParseConferenceEvent(joined(nil).request(t))
	require.NoError(t, err)
}
