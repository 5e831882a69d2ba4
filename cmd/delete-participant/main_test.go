package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func runProgram(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, &out, &err)
	return status, out.String(), err.String()
}

func TestSandbox(t *testing.T) {
	status, stdout, stderr := runProgram(t, "-sandbox")
	require.Equal(t, 0, status)
	require.Empty(t, stderr)
	require.Equal(t, `This is the sandbox: the server is inside this program, and nothing real is touched.
Before, conference 6bedb027-7327-55fd-bb8d-f0f1237a0b3d has:
  4713d204-9b82-5463-8a85-4d61589060ce
  4017af47-43d8-5f07-96eb-a1a3290c39b1
  9e27d7d5-b046-5688-812c-850be8896867
4017af47-43d8-5f07-96eb-a1a3290c39b1  removed
After, conference 6bedb027-7327-55fd-bb8d-f0f1237a0b3d has:
  4713d204-9b82-5463-8a85-4d61589060ce
  9e27d7d5-b046-5688-812c-850be8896867
`, stdout)
}

func TestWithoutCredentials(t *testing.T) {
	for _, variable := range []string{"SIGNALWIRE_SPACE", "SIGNALWIRE_SPACE_URL", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"} {
		t.Setenv(variable, "")
	}
	status, stdout, stderr := runProgram(t)
	require.Equal(t, 2, status)
	require.Empty(t, stdout)
	for _, want := range []string{"SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN", "-sandbox"} {
		require.Contains(t, stderr, want)
	}
}

func TestBadArguments(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-token", "x"}, "-token"},
		{[]string{"stand-up", "4017af47-43d8-5f07-96eb-a1a3290c39b1"}, "argument 1: signalwire: the conference SID is not a UUID"},
		{[]string{"6bedb027-7327-55fd-bb8d-f0f1237a0b3d", "CA4017af4743d85f0796eba1a3290c39b1"}, "argument 2: signalwire: the call SID looks like one of Twilio's"},
		{[]string{"6bedb027-7327-55fd-bb8d-f0f1237a0b3d"}, "at least one call SID"},
		{[]string{"-sandbox", "x"}, "takes no SIDs"},
	} {
		status, stdout, stderr := runProgram(t, tt.args...)
		require.Equal(t, 2, status, tt.args)
		require.Empty(t, stdout, tt.args)
		require.Contains(t, stderr, tt.want)
	}
}
