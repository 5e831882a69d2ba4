package signalwire_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2018, time.September, 24, 21, 0, 0, 0, time.UTC)
	for name, text := range map[string]string{
		"the vendor's sample":   "Mon, 24 Sept 2018 21:00:00 +0000",
		"RFC 2822":              "Mon, 24 Sep 2018 21:00:00 +0000",
		"full month":            "Mon, 24 September 2018 21:00:00 +0000",
		"month with a dot":      "Mon, 24 Sept. 2018 21:00:00 +0000",
		"lower case":            "mon, 24 sept 2018 21:00:00 +0000",
		"no day of the week":    "24 Sep 2018 21:00:00 +0000",
		"wrong day of the week": "Tue, 24 Sep 2018 21:00:00 +0000",
		"another zone":          "Mon, 24 Sept 2018 23:30:00 +0230",
		"west":                  "Mon, 24 Sep 2018 14:00:00 -0700",
		"unknown zone":          "Mon, 24 Sep 2018 21:00:00 -0000",
		"GMT":                   "Mon, 24 Sep 2018 21:00:00 GMT",
		"UTC":                   "Mon, 24 Sep 2018 21:00:00 UTC",
		"no seconds":            "Mon, 24 Sep 2018 21:00 +0000",
		"more spaces":           "  Mon,  24 Sep 2018  21:00:00 +0000 ",
		"RFC 3339":              "2018-09-24T21:00:00Z",
		"RFC 3339 with a zone":  "2018-09-24T23:00:00+02:00",
	} {
		got, err := signalwire.ParseTime(text)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	for month := time.January; month <= time.December; month++ {
		for letters := 3; letters <= len(month.String()); letters++ {
			got, err := signalwire.ParseTime("1 " + month.String()[:letters] + " 2026 00:00:00 +0000")
			require.NoError(t, err)
			require.Equal(t, time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC), got)
		}
	}
	one, err := signalwire.ParseTime("Fri, 5 Jan 2026 01:02:03 +0000")
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, time.January, 5, 1, 2, 3, 0, time.UTC), one)
}

func TestParseTimeRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":              "",
		"space":              " ",
		"only a day":         "Mon,",
		"name of a zone":     "Mon, 24 Sep 2018 21:00:00 EST",
		"no zone":            "Mon, 24 Sep 2018 21:00:00",
		"two letters":        "Mon, 24 Se 2018 21:00:00 +0000",
		"no month":           "Mon, 24 Sepx 2018 21:00:00 +0000",
		"longer than its":    "Mon, 24 Mayy 2018 21:00:00 +0000",
		"no such day":        "Mon, 31 Sep 2018 21:00:00 +0000",
		"no such hour":       "Mon, 24 Sep 2018 24:00:00 +0000",
		"two digits of year": "Mon, 24 Sep 18 21:00:00 +0000",
		"something after it": "Mon, 24 Sep 2018 21:00:00 +0000 secret",
		"name of a month":    "September",
		"number":             "1537822800",
	} {
		got, err := signalwire.ParseTime(text)
		require.EqualError(t, err, "signalwire: the time is not a date as in RFC 2822, such as Mon, 24 Sep 2018 21:00:00 +0000", name)
		require.Zero(t, got, name)
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("Mon, 24 Sept 2018 21:00:00 +0000")
	f.Add("2018-09-24T21:00:00Z")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := signalwire.ParseTime(text)
		if err != nil {
			require.Zero(t, parsed)
			return
		}
		require.Equal(t, time.UTC, parsed.Location())
	})
}
