package main

import (
	"flag"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsageNamesEveryFlag(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, "", "-h")
	require.Equal(t, 0, got.status)
	require.Empty(t, got.stderr)
	(&options{}).flags().VisitAll(func(f *flag.Flag) {
		require.Regexp(t, `(?m)^  -`+f.Name+` `, got.stdout)
	})
}

func TestUsageLeadsWithExamples(t *testing.T) {
	t.Parallel()
	examples := 0
	for line := range strings.Lines(usage) {
		if strings.HasPrefix(line, "  delete-participant ") {
			examples++
		}
		if strings.HasPrefix(line, "Flags") {
			break
		}
	}
	require.GreaterOrEqual(t, examples, 3)
	require.Contains(t, usage, "\n  delete-participant CONFERENCE - <run-1 >run-2\n", "how to go on")
	for line := range strings.Lines(usage) {
		require.LessOrEqual(t, len(line), 81, line)
	}
}

func TestUsageDescribesTheLines(t *testing.T) {
	t.Parallel()
	for _, outcome := range everyOutcome {
		require.Regexp(t, `(?m)^  `+outcome.String()+` +\S`, usage)
		require.NotContains(t, string(outcome), " ")
	}
	_, fields, found := strings.Cut(usage, "With -json")
	require.True(t, found, "the usage does not say what -json prints")
	for _, field := range reflect.VisibleFields(reflect.TypeFor[result]()) {
		if tag := field.Tag.Get("json"); tag != "" {
			name, _, _ := strings.Cut(tag, ",")
			require.Regexp(t, `\b`+name+`\b`, fields)
		}
	}
}
