package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadFlagsAreNamedAndNothingIsSent(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	for _, tt := range []struct {
		name  string
		flags []string
		want  []string
	}{
		{"unknown flag", []string{"-token", "x"}, []string{"-token", "delete-participant -h"}},
		{"parallel 0", []string{"-parallel", "0"}, []string{"-parallel: give a number from 1 to 64"}},
		{"parallel 65", []string{"-parallel", "65"}, []string{"-parallel: give a number from 1 to 64"}},
		{"parallel in words", []string{"-parallel", "all"}, []string{"-parallel: give a number from 1 to 64"}},
		{"timeout without a unit", []string{"-timeout", "5"}, []string{"-timeout: give a time with its unit, such as 90s"}},
		{"negative timeout", []string{"-timeout", "-1s"}, []string{"-timeout: give a time"}},
		{"patience without a unit", []string{"-patience", "5"}, []string{"-patience: give a time with its unit, such as 90s"}},
		{"negative patience", []string{"-patience", "-1s"}, []string{"-patience: give a time"}},
		{"account", []string{"-account", imitated.APIToken()}, []string{"-account: the account SID is not a UUID"}},
		{"empty account", []string{"-account", ""}, []string{"-account: it is empty"}},
		{"empty base URL", []string{"-base-url", ""}, []string{"-base-url: it is empty"}},
		{"plain http", []string{"-base-url", "http://example.com"}, []string{"neither https nor http on a loopback address"}},
		{"except without all", []string{"-except", otherCall}, []string{"-except is for -all"}},
		{"except a name", []string{"-all", "-except", "Alice"}, []string{"-except: the call SID is not a UUID"}},
		{"all and a call", []string{"-all"}, []string{"with -all, give the conference alone"}},
		{"list and a call", []string{"-list"}, []string{"with -list, give one conference, or none"}},
		{"list and remove", []string{"-list", "-all"}, []string{"-list removes nobody; leave out -all"}},
		{"sandbox", []string{"-sandbox"}, []string{"leave out -account and -base-url"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := runProgram(t, credentials(), "", s.args(tt.flags, s.calls[0])...)
			require.Equal(t, 2, got.status, got.stderr)
			require.Empty(t, got.stdout)
			for _, want := range tt.want {
				require.Contains(t, got.stderr, want)
			}
			require.NotContains(t, got.stderr, "parse error")
			require.Zero(t, s.requests.Load())
			require.Zero(t, s.reads.Load())
		})
	}
}

func TestLimitsThatAreAllowed(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{{"-parallel", "1"}, {"-parallel", "64"}, {"-timeout", "0"}, {"-patience", "0"}} {
		require.NoError(t, (&options{}).flags().Parse(flags))
	}
}

func TestAccountIsTheProjectUnlessGiven(t *testing.T) {
	t.Parallel()
	const subproject = "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"
	for account, flags := range map[string][]string{
		subproject:           {"-account", "D2C7A9B4-13E5-4F68-8A0B-7C9D1E2F3A4B"},
		imitated.ProjectID(): nil,
	} {
		s := newService(t, 1, nil)
		runProgram(t, credentials(), "", s.args(flags, s.calls...)...)
		requests := s.Requests()
		require.NotEmpty(t, requests)
		for _, request := range requests {
			require.Contains(t, request.Path, "/Accounts/"+account+"/")
		}
	}
}
