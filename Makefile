.DEFAULT_GOAL := help

MODULES := . tools
# What go generate writes.
GENERATED := api/contract.yaml client.gen.go
# Flags for go test, such as -race or -run.
TESTFLAGS ?=

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
lint: ## Look for mistakes with go vet and staticcheck
	@for module in $(MODULES); do \
		echo "lint $$module"; \
		go -C $$module vet ./... && \
		(cd $$module && go tool -modfile=$(CURDIR)/tools/go.mod staticcheck ./...) || exit 1; \
	done

.PHONY: test
test: ## Run the tests
	@for module in $(MODULES); do go -C $$module test $(TESTFLAGS) ./... || exit 1; done

.PHONY: check
check: ## All of the above that can fail, and with the race detector
	@before=$$(cat $(GENERATED) | cksum); $(MAKE) --no-print-directory generate || exit 1; \
		test "$$before" = "$$(cat $(GENERATED) | cksum)" || \
		{ echo "Generated files were not what go generate makes of their inputs; they are now: look at git diff and commit them."; exit 1; }
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || \
		{ echo "Not formatted, run make fmt:" $$unformatted; exit 1; }
	@for module in $(MODULES); do go -C $$module mod tidy -diff >/dev/null || \
		{ echo "go.mod or go.sum is not tidy in $$module, run make fmt."; exit 1; }; done
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test TESTFLAGS=-race

.PHONY: rename
rename: ## Give the module another path everywhere: make rename MODULE=host/path
	@test -n "$(MODULE)" || { echo "Say which: make rename MODULE=host/path"; exit 2; }
	go -C tools run ./rename $(MODULE)
