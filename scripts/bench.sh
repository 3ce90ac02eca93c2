#!/usr/bin/env bash
# Prints the figures of the design, one line each; fails when one misses what must be held. About eight minutes.
# BENCH=regexp chooses by name; HALLE_BENCH_QUICK=1 measures a quarter as long, to see that it works, not to believe it.
# PostgreSQL runs with fsync on, SQLite syncs each commit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
make --no-print-directory build >/dev/null
go build -o bin/bench ./bench
uptime
bin/bench ${BENCH:+-only "$BENCH"}
uptime
