package signalwire_test

import (
	"encoding"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

type sid interface {
	fmt.Stringer
	encoding.TextMarshaler
	encoding.TextAppender
	IsZero() bool
}

var sidKinds = map[string]struct {
	zero  sid
	parse func(string) (sid, error)
}{
	"account SID":    {signalwire.AccountSid{}, func(s string) (sid, error) { return signalwire.ParseAccountSid(s) }},
	"conference SID": {signalwire.ConferenceSid{}, func(s string) (sid, error) { return signalwire.ParseConferenceSid(s) }},
	"call SID":       {signalwire.CallSid{}, func(s string) (sid, error) { return signalwire.ParseCallSid(s) }},
}

func TestParseSid(t *testing.T) {
	t.Parallel()
	const want = "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"
	for kind, k := range sidKinds {
		for _, s := range []string{want, strings.ToUpper(want)} {
			got, err := k.parse(s)
			require.NoError(t, err, kind)
			require.Equal(t, want, got.String(), kind)
			require.False(t, got.IsZero(), kind)
			require.Equal(t, must(k.parse(want)), got, kind)
			appended, err := got.AppendText([]byte("/Calls/"))
			require.NoError(t, err, kind)
			require.Equal(t, "/Calls/"+want, string(appended), kind)
		}
	}
}

func TestParseSidRejects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"empty", "", "empty"},
		{"space before", " d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b", "white space"},
		{"line end", "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b\n", "white space"},
		{"Twilio", "CAd2c7a9b413e54f688a0b7c9d1e2f3a4b", "Twilio"},
		{"Twilio conference", "CFd2c7a9b413e54f688a0b7c9d1e2f3a4b", "Twilio"},
		{"no hyphens", "d2c7a9b413e54f688a0b7c9d1e2f3a4b", "uncommon form"},
		{"braces", "{d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b}", "uncommon form"},
		{"URN", "urn:uuid:d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b", "uncommon form"},
		{"friendly name", "Monday stand-up", "is not a UUID"},
		{"not hexadecimal", "g2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b", "is not a UUID"},
		{"hyphens elsewhere", "d2c7a9b41-3e5-4f68-8a0b-7c9d1e2f3a4b", "is not a UUID"},
		{"path", "../../../../../../../../../../../a/b", "is not a UUID"},
		{"nil UUID", "00000000-0000-0000-0000-000000000000", "nil UUID"},
	} {
		for kind, k := range sidKinds {
			got, err := k.parse(tt.value)
			requireClearError(t, err, tt.value, tt.want)
			require.ErrorContains(t, err, kind, tt.name)
			require.True(t, got.IsZero(), tt.name)
		}
	}
	_, err := signalwire.ParseConferenceSid("stand-up")
	require.ErrorContains(t, err, "is not a UUID; pass the conference SID, not its friendly name")
}

func TestZeroSid(t *testing.T) {
	t.Parallel()
	for kind, k := range sidKinds {
		require.True(t, k.zero.IsZero(), kind)
		require.Empty(t, k.zero.String(), kind)
		_, err := k.zero.MarshalText()
		requireClearError(t, err, "", kind)
		_, err = k.zero.AppendText(nil)
		requireClearError(t, err, "", kind)
	}
}

func TestSidText(t *testing.T) {
	t.Parallel()
	type event struct {
		Conference signalwire.ConferenceSid `json:"ConferenceSid"`
		Call       signalwire.CallSid       `json:"CallSid,omitzero"`
	}
	in := event{Conference: testConference}
	text, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"ConferenceSid":"0b8f2f6e-6f0c-4f43-9a57-5a3c1d6f7e81"}`, string(text))
	var out event
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, in, out)

	out = event{Call: testCall}
	require.Error(t, json.Unmarshal([]byte(`{"CallSid":"me"}`), &out))
	require.Equal(t, testCall, out.Call, "a failed parse leaves the value alone")

	_, err = json.Marshal(event{})
	require.ErrorContains(t, err, "conference SID is zero")

	var account signalwire.AccountSid
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.TextVar(&account, "account", signalwire.AccountSid{}, "")
	require.NoError(t, flags.Parse([]string{"-account", strings.ToUpper(testProject)}))
	require.Equal(t, testAccount, account)
}

// TestSwappedSidsDoNotCompile type-checks calls and conversions against the
// package's own source.
func TestSwappedSidsDoNotCompile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, code string
		compiles   bool
	}{
		{"right order", "client.DeleteParticipantWithResponse(nil, account, conference, call)", true},
		{"conference and call swapped", "client.DeleteParticipantWithResponse(nil, account, call, conference)", false},
		{"account and conference swapped", "client.DeleteParticipantWithResponse(nil, conference, account, call)", false},
		{"account and call swapped", "client.DeleteParticipantWithResponse(nil, call, conference, account)", false},
		{"string", `client.DeleteParticipantWithResponse(nil, account, conference, "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b")`, false},
		{"conversion to its own type", "_ = signalwire.CallSid(call)", true},
		{"conversion of a conference", "_ = signalwire.CallSid(conference)", false},
		{"conversion of an account", "_ = signalwire.ConferenceSid(account)", false},
		{"conversion of a call", "_ = signalwire.AccountSid(call)", false},
		{"comparison", "_ = call == call", true},
		{"comparison of two kinds", "_ = call == conference", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := typeCheck(t, `package p
				import "example.com/signalwire"
				func f(client *signalwire.ClientWithResponses, account signalwire.AccountSid,
					conference signalwire.ConferenceSid, call signalwire.CallSid) { `+tt.code+` }`)
			if tt.compiles {
				require.NoError(t, err)
			} else {
				require.ErrorAs(t, err, new(types.Error))
			}
		})
	}
}

// typeCheck compiles a file that imports this package, without its machine
// code, against what go build has compiled of the packages already.
func typeCheck(t *testing.T, source string) error {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "p.go", source, 0)
	require.NoError(t, err)
	compiled := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exportFiles()[path])
	})
	_, err = (&types.Config{Importer: compiled}).Check("p", files, []*ast.File{file}, nil)
	return err
}

// exportFiles maps this package, and what it imports, to what was compiled.
var exportFiles = sync.OnceValue(func() map[string]string {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".", "log").Output()
	if err != nil {
		panic(err)
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return files
})
