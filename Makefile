.DEFAULT_GOAL := help

MODULES := . tools bench

# The tools that are fetched, each pinned here and nowhere else.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ACTIONLINT := go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
export OASDIFF := go run github.com/oasdiff/oasdiff@v1.35.0
export APIDIFF := go run golang.org/x/exp/cmd/apidiff@v0.0.0-20261014143641-f0251eb4aa3e

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
	@sed -n '/^[a-z-]*:.*## /{ s/^\([a-z-]*\):.*## /  make \1                /; s/^\(.\{20\}\) */\1/; p; }' Makefile

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
	@echo "golangci-lint is built the first time, which takes a minute or two."
	@for module in $(MODULES); do \
		echo "Linting $$module" && (cd $$module && $(GOLANGCI_LINT) run --allow-parallel-runners --config "$(CURDIR)/.golangci.yml" ./...) || exit 1; \
	done
	@$(ACTIONLINT)

.PHONY: test
test: ## Run the client's tests
	go test $(TESTFLAGS) ./...

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME
	@for package in . ./webhook; do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "Fuzzing $$target for $(FUZZTIME)" && \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

.PHONY: soak
soak: ## Send to servers that misbehave at random, for SOAK and a minute
	SOAK=$(SOAK) go test -tags soak -run '^Test(Soak|Races)$$' -count=1 -v -timeout 5m .

.PHONY: interop
interop: ## Try programs of others, where they are installed; CONTRIBUTING.md says which
	go test -tags interop -run '^TestInterop' -count=1 -v -timeout 5m ./internal/interop ./cmd/signalwiretest

.PHONY: check
check: bin/tools ## Everything that can fail: generation, formatting, lint, all tests with the race detector
	@echo "Generated files"
	@bin/tools check
	@echo "Formatting and tidiness"
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || \
		{ echo "Not formatted, run make fmt:" $$unformatted; exit 1; }
	@for module in $(MODULES); do go -C $$module mod tidy -diff >/dev/null || \
		{ echo "go.mod or go.sum is not tidy in $$module, run make fmt."; exit 1; }; done
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test TESTFLAGS=-race
	go test -tags live -run '^TestLiveReport$$' ./api
	@# The cache of go test does not see that files outside of a module changed.
	@for module in $(filter-out .,$(MODULES)); do echo "Testing $$module" && go -C $$module test -race -count=1 ./... || exit 1; done

.PHONY: bin/tools
bin/tools:
	@go -C tools build -o ../bin/tools .

.PHONY: update-spec
update-spec: bin/tools ## Take a new vendor's document in: make update-spec FROM=file, URL or -
	@test -n "$(FROM)" || { echo "Say where it is: make update-spec FROM=page.md, a URL or -"; exit 2; }
	@bin/tools update "$(FROM)"

.PHONY: try
try: bin/tools ## Call every operation of the client that a document makes: make try FROM=file, URL or -
	@test -n "$(FROM)" || { echo "Say where it is: make try FROM=page.md, a URL or -"; exit 2; }
	@bin/tools try "$(FROM)"

.PHONY: drift
drift: bin/tools ## Compare openapi.yaml with the document at the address in api/source.txt
	@bin/tools drift

.PHONY: api-diff
api-diff: ## Fail if something breaks callers since a revision: make api-diff BASE=v1.2.3
	@test -n "$(BASE)" || { echo "Say since when: make api-diff BASE=v1.2.3"; exit 2; }
	@before=$$(mktemp -d) && trap 'git worktree remove --force "$$before" || rm -rf "$$before"' EXIT && \
		git worktree add --quiet --detach "$$before" "$(BASE)" && \
		tools/api-diff.sh "$(BASE):api/contract.yaml" "$$before" api/contract.yaml

.PHONY: test-live
test-live: ## Ask the live service two harmless questions, with the SIGNALWIRE_ variables
	@if test -z "$$SIGNALWIRE_API_TOKEN"; then echo "Skipped: SIGNALWIRE_API_TOKEN is not set."; \
		else go test -tags live -run '^TestLive$$' -count=1 -v ./api; fi

.PHONY: bench
bench: ## Measure against peers, and write bench/RESULTS.md; takes a while
	cd bench && go test -run '^$$' -bench Memory -count $(COUNT) . >bench.out
	cd bench && go test -run '^$$' -bench Loopback -benchtime 1x -count $(LOOPBACK_COUNT) -timeout 3h . >>bench.out
	cd bench && go run . -benchmarks bench.out -o RESULTS.md
