package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A goal is what this package wants to be.
type goal struct {
	goal            string
	measured, bound float64
	atLeast         bool
	unit            string
	why             string // it may be missed
}

// benchmarkGoals compares what was measured with nothing in trouble.
func benchmarkGoals(measured benchmarkResults, importers map[string]imported) []goal {
	memory := func(to string) float64 { return measured.ratio("sec/op", inMemoryName, guarded, to) }
	allocations := measured.values["allocs/op"][inMemoryName]
	const tls64, http2 = "Loopback http1-tls 64 0s", "Loopback http2-tls 1 0s"
	size := float64(importers[guarded].size-importers[netHTTPImporter].size) / (1 << 20)
	return []goal{
		{"time in memory ÷ by-hand's", memory(byHand), 2, false, "", ""},
		{"allocations", allocations[guarded], 44, false, "", ""},
		{"allocations, fewer than resty's", allocations[guarded], allocations[restyV2] - 1, false, "", ""},
		{"allocations, fewer than openai-go's", allocations[guarded], allocations[openaiV3] - 1, false, "", ""},
		{"time in memory ÷ generated's", memory(generated), 1.25, false, "", "the generated call has no time limit, does not follow how far a request came, and sets one header instead of three"},
		{"time in memory ÷ twilio-go's", memory(twilio), 1, false, "", ""},
		{"64 callers, HTTP/1.1 over TLS: calls per second ÷ by-hand's, which is on http.DefaultTransport", measured.ratio("calls/s", tls64, guarded, byHand), 5, true, "", ""},
		{"64 callers, HTTP/1.1 over TLS: connections for 5,000 calls", measured.values["connections"][tls64][guarded], 128, false, "", ""},
		{"one caller, HTTP/2: median time ÷ by-hand's", measured.ratio("p50-sec", http2, guarded, byHand), 1.1, false, "", ""},
		{"linked size over net/http alone", size, 0.7, false, " MiB", ""},
		{"dependencies of an importer raised", float64(len(importers[guarded].raised)), 4, false, "", ""},
	}
}

func (r *report) goals(goals []goal) {
	r.line("## Goals")
	var rows [][]string
	for _, g := range goals {
		sign, met := "≤", g.measured <= g.bound
		if g.atLeast {
			sign, met = "≥", g.measured >= g.bound
		}
		verdict := "met"
		if !met {
			verdict = fmt.Sprintf("**missed** by %.1f %%", 100*max(g.measured/g.bound-1, 1-g.measured/g.bound))
		}
		if !met && g.why != "" {
			verdict += ": " + g.why
		}
		rows = append(rows, []string{g.goal, sign + " " + number(g.bound) + g.unit, number(g.measured) + g.unit, verdict})
	}
	r.table([]string{"of the client that New makes", "goal", "measured", ""}, rows)
}

func number(n float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(n, 'f', 2, 64), "0"), ".")
}
