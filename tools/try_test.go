package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTry calls every operation of the clients that documents make, in each of
// the vendor's two dialects. Nothing but openapi.yaml is replaced.
func TestTry(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"try"}, {"try", ""}, {"try", "a", "b"}} {
		status, _, _ := runProgram(t, "", args...)
		require.Equal(t, 2, status, args)
	}
	for _, name := range []string{"grown", "odd"} {
		source := read(t, "contract/testdata/"+name+".yaml")
		for dialect, document := range map[string]string{"source": source, "page": inPageDialect(t, source)} {
			t.Run(name+" "+dialect, func(t *testing.T) {
				t.Parallel()
				status, stdout, stderr := runProgram(t, document, "-root", "..", "try", "-")
				t.Log(stdout)
				require.Zero(t, status, stderr)
				counts := regexp.MustCompile(`\d+`).FindAllString(stdout, -1)
				require.Len(t, counts, 7, stdout)
				for i := 1; i < len(counts); i += 2 {
					require.Equal(t, counts[i], counts[i+1], stdout)
				}
			})
		}
	}
}
