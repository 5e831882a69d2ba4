package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// goals compares what was measured with what this package wants to be.
func (r *report) goals(measured benchmarkResults, heap heapUse, importers map[string]imported) {
	memory := func(to string) float64 { return measured.ratio("sec/op", inMemoryName, guarded, to) }
	allocations := measured.values["allocs/op"][inMemoryName]
	const tls64, http2 = "Loopback http1-tls 64 0s", "Loopback http2-tls 1 0s"
	size := float64(importers[guarded].size-importers[netHTTPImporter].size) / (1 << 20)
	var others []string
	for path := range importers[untested].raised {
		if _, ok := importers[runtimeImporter].raised[path]; !ok {
			others = append(others, path)
		}
	}

	r.line("## Goals")
	var rows [][]string
	for _, g := range []struct {
		goal            string
		measured, bound float64
		atLeast         bool
		unit            string
		why             string // it may be missed
	}{
		{"time in memory ÷ by-hand's", memory(byHand), 2, false, "", ""},
		{"allocations", allocations[guarded], 44, false, "", ""},
		{"allocations, fewer than resty's", allocations[guarded], allocations[restyV2] - 1, false, "", ""},
		{"allocations, fewer than openai-go's", allocations[guarded], allocations[openaiV3] - 1, false, "", ""},
		{"time in memory ÷ generated's", memory(generated), 1.25, false, "", "the generated call has no time limit, does not follow how far a request came, and sets one header instead of three"},
		{"time in memory ÷ twilio-go's", memory(twilio), 1, false, "", ""},
		{"64 callers, HTTP/1.1 over TLS: calls per second ÷ by-hand's, which is on http.DefaultTransport", measured.ratio("calls/s", tls64, guarded, byHand), 5, true, "", ""},
		{"64 callers, HTTP/1.1 over TLS: connections for 5,000 calls", measured.values["connections"][tls64][guarded], 128, false, "", ""},
		{"one caller, HTTP/2: median time ÷ by-hand's", measured.ratio("p50-sec", http2, guarded, byHand), 1.1, false, "", ""},
		{"heap in use by a call answered with 64 MiB", float64(heap.live) / (1 << 20), 2, false, " MiB", ""},
		{"linked size over net/http alone", size, 0.7, false, " MiB", ""},
		{"dependencies of an importer raised by other than oapi-codegen/runtime, tests apart", float64(len(others)), 0, false, "", ""},
	} {
		sign, met := "≤", g.measured <= g.bound
		if g.atLeast {
			sign, met = "≥", g.measured >= g.bound
		}
		verdict := "met"
		switch {
		case !met && g.bound == 0:
			verdict = "**missed**"
		case !met:
			verdict = fmt.Sprintf("**missed** by %.0f %%", 100*max(g.measured/g.bound-1, 1-g.measured/g.bound))
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

func raisedText(raised map[string]string) string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(raised)) {
		list = append(list, path+" "+raised[path])
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, ", ")
}
