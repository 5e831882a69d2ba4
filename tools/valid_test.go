package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestContractIsValid asks a third validator, beside the two of package contract.
func TestContractIsValid(t *testing.T) {
	t.Parallel()
	out, err := shell(t, "..", "$OASDIFF validate api/contract.yaml")
	require.NoError(t, err, out)
	require.Contains(t, out, "No findings detected")
}
