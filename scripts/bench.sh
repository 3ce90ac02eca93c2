#!/usr/bin/env bash
# Prints Go's benchmarks of the packages that have some, then the figures of the design, one line each.
# BENCH=regexp chooses, TIME=1s is how long each Go benchmark runs. PostgreSQL runs with fsync on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
mapfile -t packages < <(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u)
if [ ${#packages[@]} -gt 0 ]; then
	scripts/with-postgres -durable go test -run '^$' -bench "${BENCH:-.}" -benchtime "${TIME:-1s}" "${packages[@]}" |
		{ grep -E '^(Benchmark|---|FAIL|panic)' || true; }
fi
if [ -d cmd/halle ]; then make --no-print-directory build >/dev/null; fi
go build -o bin/bench ./bench
scripts/with-postgres -durable bin/bench ${BENCH:+-only "$BENCH"}
