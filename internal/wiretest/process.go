package wiretest

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// RunAgain runs the test that calls it in a process of its own.
func RunAgain(t testing.TB, environment ...string) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), environment...)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "PASS")
}
