#!/usr/bin/env bash
# Validate every kind of electronic invoice with the official artefacts of EN 16931.
#
#   scripts/einvoice-official.sh DIR [SAXON.jar]
#
# DIR is a copy of github.com/ConnectingEurope/eInvoicing-EN16931, with ubl/xslt and cii/xslt: theirs, and not in this
# repository. Saxon and Java come from Debian: apt-get install libsaxonhe-java default-jre-headless.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# -lt 1 ] || [ ! -f "$1/ubl/xslt/EN16931-UBL-validation.xslt" ]; then
	echo "einvoice-official: give the folder of the artefacts, with ubl/xslt and cii/xslt in it" >&2
	exit 2
fi
HALLE_EN16931="$(cd "$1" && pwd)"
HALLE_SAXON="${2:-/usr/share/java/Saxon-HE.jar}"
if [ ! -f "$HALLE_SAXON" ]; then
	echo "einvoice-official: $HALLE_SAXON is missing: apt-get install libsaxonhe-java" >&2
	exit 2
fi
export HALLE_EN16931 HALLE_SAXON
go test ./billing/einvoice -run TestOfficialArtefactsAccept -count=1 -v
