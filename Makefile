.DEFAULT_GOAL := help

MODULES := . tools bench docs/opentelemetry
# What go generate writes.
GENERATED := api/contract.yaml client.gen.go
DEV_TOOL := go tool -modfile=$(CURDIR)/tools/dev/go.mod
# Flags for go test, such as -race or -run.
TESTFLAGS ?=
# How long make fuzz takes for each target, and make soak for all.
FUZZTIME ?= 20s
SOAK ?= 60s
# How often each benchmark runs in memory, and on loopback, which takes longer.
COUNT ?= 10
LOOPBACK_COUNT ?= 3

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Remove a participant in the sandbox; nothing real is touched
	@go run ./cmd/delete-participant -sandbox

.PHONY: generate
generate: ## Make the contract and the client from the vendor's document
	go generate ./...

.PHONY: fmt
fmt: ## Format the code and tidy the modules
	gofmt -w .
	@for module in $(MODULES); do (cd $$module && go mod tidy) || exit 1; done

.PHONY: lint
lint: ## Look for mistakes with golangci-lint, and in the workflows with actionlint
	@for module in $(MODULES); do \
		echo "lint $$module" && (cd $$module && $(DEV_TOOL) golangci-lint run --config $(CURDIR)/.golangci.yml ./...) || exit 1; \
	done
	@go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

.PHONY: test
test: ## Run the client's tests
	go test $(TESTFLAGS) ./...

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME
	@for target in $$(go test -list '^Fuzz' . | grep '^Fuzz'); do \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) . || exit 1; \
	done

.PHONY: soak
soak: ## Send to servers that misbehave at random, for SOAK and a minute
	SOAK=$(SOAK) go test -tags soak -run '^Test(Soak|Races)$$' -count=1 -v -timeout 5m .

.PHONY: interop
interop: ## Send through nginx and haproxy, where they are installed
	go test -tags interop -run '^TestInterop' -count=1 -v -timeout 5m .

.PHONY: check
check: ## Everything that can fail: generation, formatting, lint, all tests with the race detector
	@before=$$(cat $(GENERATED) | cksum); $(MAKE) --no-print-directory generate || exit 1; \
		test "$$before" = "$$(cat $(GENERATED) | cksum)" || \
		{ echo "Generated files were not what go generate makes of their inputs; they are now: look at git diff and commit them."; exit 1; }
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || \
		{ echo "Not formatted, run make fmt:" $$unformatted; exit 1; }
	@for module in $(MODULES); do go -C $$module mod tidy -diff >/dev/null || \
		{ echo "go.mod or go.sum is not tidy in $$module, run make fmt."; exit 1; }; done
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test TESTFLAGS=-race
	@for module in $(filter-out .,$(MODULES)); do go -C $$module test -race ./... || exit 1; done

.PHONY: bin/spec
bin/spec:
	@go -C tools build -o ../bin/spec ./spec

.PHONY: update-spec
update-spec: bin/spec ## Take a new vendor's document in: make update-spec FROM=file, URL or -
	@test -n "$(FROM)" || { echo "Say where it is: make update-spec FROM=page.md, a URL or -"; exit 2; }
	@bin/spec update "$(FROM)"

.PHONY: drift
drift: bin/spec ## Compare the vendor's published page with openapi.yaml
	@bin/spec drift

.PHONY: api-diff
api-diff: bin/spec ## Fail if something breaks callers since a revision: make api-diff BASE=v1.2.3
	@test -n "$(BASE)" || { echo "Say since when: make api-diff BASE=v1.2.3"; exit 2; }
	@bin/spec api-diff "$(BASE)"

.PHONY: test-live
test-live: ## Ask the live service two harmless questions, with the SIGNALWIRE_ variables
	@if test -z "$$SIGNALWIRE_API_TOKEN"; then echo "Skipped: SIGNALWIRE_API_TOKEN is not set."; else go run ./cmd/check-live; fi

.PHONY: bench
bench: ## Measure against peers, and write bench/RESULTS.md; takes a while
	cd bench && go test -run '^$$' -bench Memory -count $(COUNT) . >bench.out
	cd bench && go test -run '^$$' -bench Loopback -benchtime 1x -count $(LOOPBACK_COUNT) -timeout 3h . >>bench.out
	cd bench && go run . -benchmarks bench.out -o RESULTS.md

.PHONY: rename
rename: ## Give the module another path everywhere: make rename MODULE=host/path
	@test -n "$(MODULE)" || { echo "Say which: make rename MODULE=host/path"; exit 2; }
	go -C tools run ./rename $(MODULE)
