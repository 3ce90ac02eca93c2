# Two commands carry the project: `make run` shows it, `make test` proves it. Both do their own set-up.
.DEFAULT_GOAL := help
.PHONY: help run test bench chaos fuzz check build clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

build: ## build bin/halle, the one binary
	@command -v go >/dev/null || { echo "Go is not installed: Halle needs Go 1.26 or newer, see https://go.dev/doc/install" >&2; exit 1; }
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/halle ./cmd/halle

run: build ## build, then show the whole cycle and serve the portal (ends with Ctrl-C)
	bin/halle demo

test: ## install missing test tools, then run every test on both engines and the browser journey
	@scripts/test.sh

check: ## the fast look: format, vet, and golangci-lint where it is installed
	@scripts/check.sh

bench: ## print the figures of the design beside what we hold, aim at and compare with
	@scripts/bench.sh

chaos: ## run the long crash tests: kill -9 at every step, many times
	HALLE_CHAOS=1 scripts/with-postgres -durable go test ./... -run 'Chaos|Crash' -count=1 -timeout 60m

fuzz: ## run every fuzzer for ten minutes (TIME=1m for less)
	@scripts/fuzz.sh $(or $(TIME),10m)

clean: ## remove what a build or a test made
	rm -rf bin test/browser/node_modules
