package wiretest

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// RequireSoon waits for what others are about to do, and in vain for 5 seconds.
func RequireSoon(t testing.TB, done func() bool, message string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Second); !done(); <-tick.C {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			require.Fail(t, message, "%s", stacks[:runtime.Stack(stacks, true)])
		}
	}
}
