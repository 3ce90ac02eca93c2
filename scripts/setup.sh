#!/usr/bin/env bash
# Makes sure that the tools of the tests are there. Installs what is missing with apt-get where that is allowed and says
# so; fails with a sentence where it is not. A tool that is missing is never a reason to skip a test.
set -euo pipefail

die() { echo "setup: $*" >&2; exit 1; }

command -v go >/dev/null || die "Go is not installed; the tests need Go 1.26 or newer, see https://go.dev/doc/install"

have() { # have PROGRAM: on the PATH, or where Debian keeps what it leaves off the PATH
	case $1 in
	initdb) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || [ -n "${HALLE_POSTGRES_BIN:-}" ] || command -v initdb >/dev/null ;;
	chromium) [ -n "${HALLE_CHROMIUM:-}" ] || command -v chromium chromium-browser google-chrome >/dev/null ;;
	ip) [ -x /usr/sbin/ip ] || [ -x /sbin/ip ] || command -v ip >/dev/null ;;
	libc) echo '#include <stdlib.h>' | "${CC:-gcc}" -E - >/dev/null 2>&1 ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

missing=() packages=() reasons=()
need() { # need PROGRAM PACKAGES REASON
	have "$1" && return
	missing+=("$1")
	read -ra more <<<"$2"
	packages+=("${more[@]}")
	reasons+=("${more[0]} ($3)")
}

need gcc gcc "the race detector"
need libc libc6-dev "the race detector"
need git git "the tests of the source tree"
need initdb postgresql "the second database engine"
need mosquitto_pub mosquitto-clients "a real MQTT client"
need chromium "chromium fonts-dejavu-core" "the browser journey"
need node nodejs "the browser journey"
need npm npm "the browser journey"
need ip iproute2 "test networks"
need unshare util-linux "offline and isolation tests"
need pdftotext poppler-utils "what stands in PDF files"
need qpdf qpdf "whether PDF files are sound"
need xmllint libxml2-utils "metadata of PDF files"

[ ${#missing[@]} -eq 0 ] && exit 0

list=$(printf '%s, ' "${reasons[@]}")
list=${list%, }
command -v apt-get >/dev/null || die "${missing[*]} missing, and this machine has no apt-get: install by hand $list"
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q)
if [ "$(id -u)" -ne 0 ]; then
	sudo -n true 2>/dev/null || die "${missing[*]} missing, and neither root nor sudo without a password is at hand: run sudo apt-get install ${packages[*]}"
	apt=(sudo "${apt[@]}")
fi
echo "setup: installing with apt-get: $list"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${packages[@]}"; } >"$log" 2>&1 </dev/null; then
	tail -n 25 "$log" >&2
	die "apt-get could not install ${packages[*]}; its last lines are above"
fi
for program in "${missing[@]}"; do
	have "$program" || die "$program is still missing after installing ${packages[*]}: install it by hand"
done
