package signalwire

import (
	"errors"
	"strings"
	"time"
)

// ParseTime parses a date of the API, such as the DateCreated of a [Conference],
// and returns it in UTC.
//
// The vendor says that dates are as in RFC 2822. Its samples abbreviate September
// to four letters, so ParseTime takes any beginning of a month's name that has
// three letters or more. The day of the week and the seconds may be missing, and
// the zone is an offset, GMT, UT, UTC or Z. RFC 3339 is also understood. The error
// does not repeat the value.
func ParseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	fields := strings.Fields(s)
	if len(fields) > 0 && strings.HasSuffix(fields[0], ",") {
		fields = fields[1:] // The date says which day of the week it is.
	}
	if len(fields) != 5 {
		return time.Time{}, errTime
	}
	fields[1] = shortMonth(fields[1])
	switch fields[4] {
	case "GMT", "UT", "UTC", "Z":
		fields[4] = "+0000"
	}
	date := strings.Join(fields, " ")
	for _, layout := range []string{"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04 -0700"} {
		if t, err := time.Parse(layout, date); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errTime
}

var errTime = errors.New("signalwire: the time is not a date as in RFC 2822, such as Mon, 24 Sep 2018 21:00:00 +0000")

// shortMonth returns the first three letters of a month's name that is
// abbreviated in any way, and "" for anything else.
func shortMonth(name string) string {
	name = strings.TrimSuffix(name, ".")
	for month := time.January; month <= time.December; month++ {
		full := month.String()
		if len(name) >= 3 && len(name) <= len(full) && strings.EqualFold(full[:len(name)], name) {
			return full[:3]
		}
	}
	return ""
}
