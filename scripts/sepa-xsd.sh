#!/bin/sh
# Checks the bank files in billing/sepa/testdata against the schemas of ISO 20022 with xmllint. The schemas are not part of
# this repository: get pain.008.001.08.xsd, camt.053.001.08.xsd and so on from iso20022.org into one folder and name it.
set -eu
cd "$(dirname "$0")/.."
dir=${1:?usage: scripts/sepa-xsd.sh FOLDER-WITH-XSD-FILES}
checked=0
for file in billing/sepa/testdata/*.xml; do
	version=$(sed -n 's/.*urn:iso:std:iso:20022:tech:xsd:\([a-z0-9.]*\).*/\1/p' "$file" | head -n 1)
	if [ ! -f "$dir/$version.xsd" ]; then
		echo "$file: no $version.xsd in $dir" >&2
		exit 1
	fi
	xmllint --nonet --noout --schema "$dir/$version.xsd" "$file"
	checked=$((checked + 1))
done
echo "$checked files follow their schemas"
