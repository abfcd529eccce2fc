# One door to every check. `make check` is what a commit must pass; .ci/run calls all of these.
# Linters come from a module of their own, tools/go.mod, so that the main go.mod holds what c10kit runs.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
GO          ?= go
TOOL        := $(GO) tool -modfile=tools/go.mod
FUZZTIME    ?= 10s
PACKAGES    ?= ./...

.PHONY: check static fmt vet staticcheck fix cross test race fuzz clients proofs baselines bench help
.DEFAULT_GOAL := help

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: static test ## everything a commit must pass: formatting, vet, staticcheck, arm64, tests

static: fmt vet cross staticcheck fix ## the part of check that runs no test

fmt: ## fails on files that gofumpt would change
	@out=$$($(TOOL) gofumpt -l .); \
	if [ -n "$$out" ]; then echo "not gofumpt-ed, run: $(TOOL) gofumpt -w ." >&2; echo "$$out" >&2; exit 1; fi

vet: ## go vet
	$(GO) vet ./...

cross: ## builds and vets for arm64, which has no epoll_wait, poll or select system call
	CGO_ENABLED=0 GOARCH=arm64 $(GO) build -o /dev/null ./...
	CGO_ENABLED=0 GOARCH=arm64 $(GO) vet ./...

staticcheck: ## all checks, the package comment (ST1000) included
	$(TOOL) staticcheck -checks all ./...

fix: ## fails where go fix has a newer idiom to offer
	$(GO) fix -diff ./...

test: ## the tests of the README
	$(GO) test ./...

# A package at a time: under the detector a test is ten times slower, and two that starve each other for processors
# find timeouts, not races.
race: ## tests under the race detector, in another order each time; needs a C compiler
	$(GO) test -race -p 1 -shuffle=on $(PACKAGES)

# Before Go 1.27 go test may report its own -fuzztime as a failure, "context deadline exceeded", with no failing input
# (golang/go#75804): that is the end of the time, and said to be.
fuzz: ## every fuzz target for FUZZTIME (10s); one that fails does not keep the others from being run
	@list=$$($(GO) test -list '^Fuzz' ./...); \
	targets=$$(awk '/^Fuzz/ {f[n++] = $$1} /^ok/ {for (i = 0; i < n; i++) print $$2, f[i]; n = 0}' <<<"$$list"); \
	[ -n "$$targets" ] || { echo "no fuzz target found: the list of go test -list is empty" >&2; exit 1; }; \
	failed=; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	while read -r pkg name; do \
		echo "== $$pkg $$name"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$pkg" </dev/null 2>&1 | tee "$$log" && continue; \
		if grep -q '^    context deadline exceeded$$' "$$log" && ! grep -qE 'Failing input|seed corpus|^panic:' "$$log"; then \
			echo "== $$name: its time was over, no input failed (golang/go#75804)"; \
		else \
			failed="$$failed $$name"; \
		fi; \
	done <<<"$$targets"; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

# go test is content when -run matches nothing, so a renamed test would pass unseen: $(call found,PATTERN,PACKAGES)
# fails when no test carries the name.
found = $(GO) test -list '$(1)' $(2) | grep -E '^(Test|Benchmark)' >/dev/null || { echo "no test matches $(1) in $(2)" >&2; exit 1; }

clients: ## curl, wrk, ab, h2load and Python against every model; fails where one is not installed
	@$(call found,Clients,./models/modeltest/...)
	C10KIT_CLIENTS=1 $(GO) test -count=1 -v -timeout 20m -run Clients ./models/modeltest/...

proofs: ## the long proofs: allocations, forks, broken models against every check, strace
	@$(call found,^TestProof,./...)
	C10KIT_PROOFS=1 $(GO) test -count=1 -v -timeout 15m -p 1 -run '^TestProof' $(PACKAGES)

baselines: ## measures the figures of docs/baselines on this machine (paired A-B-A runs; leave it alone meanwhile)
	@$(call found,^TestBaseline,./...)
	C10KIT_BASELINES="$(CURDIR)/docs/baselines" $(GO) test -count=1 -v -timeout 60m -p 1 -run '^TestBaseline' ./...

bench: ## BenchmarkModels, in the format that benchstat reads
	@$(call found,^BenchmarkModels,./bench)
	$(GO) test -run '^$$' -bench Models ./bench
