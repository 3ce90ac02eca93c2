#!/usr/bin/env bash
# The one test command: everything, on both engines, with the race detector, then the browser journey.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
export CGO_ENABLED=1 # the race detector needs it; the program itself is built without
HALLE_NO_LINT=1 HALLE_VET_FLAGS=-race scripts/check.sh
(cd test/browser && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)

go build -o bin/summary ./test/summary
go build -o bin/with-postgres ./internal/store/pgtest/withpostgres
if [ -d cmd/halle ]; then make --no-print-directory build; fi

packages=$(go list ./... | grep -v '/test/browser$')
run() {
	local code=0
	# shellcheck disable=SC2086 # one argument a package is meant
	go test -json -race -timeout 20m $packages || code=$?
	# Alone and last: a browser and the race detector starve each other on a small machine.
	go test -json -race -count=1 -timeout 15m ./test/browser || code=$?
	return $code
}
export packages
export -f run
bin/with-postgres bash -c run | bin/summary
