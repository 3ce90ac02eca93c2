#!/bin/sh
# Runs every fuzzer for a while, one after the other: scripts/fuzz.sh [DURATION [PATTERN]], 10m and all of them by default.
# What a fuzzer finds stays in the testdata of its package, where `go test` runs it from then on.
set -eu
cd "$(dirname "$0")/.."
span=${1:-10m}
pattern=${2:-.}
failed=0
grep -rn '^func Fuzz' --include='*_test.go' . | sed 's|^\./\(.*\)/[^/]*\.go:[0-9]*:func \(Fuzz[A-Za-z0-9]*\).*|\1 \2|' | sort |
	grep -E "$pattern" | {
		while read -r dir name; do
			if out=$(go test "./$dir" -run '^$' -fuzz "^$name\$" -fuzztime "$span" -parallel "${FUZZ_WORKERS:-2}" 2>&1); then
				echo "ok   $dir $name: $(echo "$out" | grep '^fuzz: elapsed' | tail -1 | sed 's/^fuzz: //')"
			else
				echo "FAIL $dir $name"
				echo "$out" | tail -30
				failed=1
			fi
		done
		exit $failed
	}
