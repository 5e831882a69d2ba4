//go:build interop

package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInteropPython runs a test in Python, which uses its standard library alone.
func TestInteropPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	executable, err := os.Executable()
	require.NoError(t, err)
	version, err := exec.CommandContext(t.Context(), python, "--version").Output()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), python, "-W", "error", "testdata/removal_test.py")
	command.Env = append(os.Environ(), asProgram+"=1", "SIGNALWIRETEST="+executable)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	ran := regexp.MustCompile(`(?m)^Ran 1 test in \S+s$`).Find(output)
	require.NotNil(t, ran, "%s", output)
	require.Equal(t, 1, strings.Count(string(output), " cut\n"), "%s", output)
	require.Equal(t, 1, strings.Count(string(output), " 503\n"), "%s", output)
	t.Logf("%s: %s: 1 removal whose response is lost, 1 refused with 503", strings.TrimSpace(string(version)), ran)
}
