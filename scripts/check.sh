#!/usr/bin/env bash
# Format and vet, and golangci-lint where it is installed: what can be said about the code without running it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo "check: gofmt"
unformatted=$(find . -name '*.go' -not -path './test/browser/node_modules/*' -print0 | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
	printf 'check: not formatted, run gofmt -w on:\n%s\n' "$unformatted" >&2
	exit 1
fi
echo "check: go vet"
# The test command passes -race, so that vet compiles what the tests need anyway.
# shellcheck disable=SC2086 # several flags are meant
go vet ${HALLE_VET_FLAGS:-} ./...
# The test command does not depend on it, because a distribution does not have it.
if [ -z "${HALLE_NO_LINT:-}" ] && command -v golangci-lint >/dev/null; then
	echo "check: golangci-lint"
	golangci-lint run
fi
