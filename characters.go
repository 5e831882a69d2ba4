package signalwire

import (
	"strings"
	"unicode"
)

// The characters that names consist of.
const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// consistsOf reports whether s is not empty and has no other characters than
// these. (Package regexp would make every importer's program larger.)
func consistsOf(s, characters string) bool { return s != "" && strings.Trim(s, characters) == "" }

// isNotASCII reports whether r is outside of ASCII, such as the Kelvin sign, which
// strings.ToLower turns into a k.
func isNotASCII(r rune) bool { return r > unicode.MaxASCII }
