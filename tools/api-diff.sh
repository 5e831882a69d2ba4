#!/bin/sh
# Says what changes for callers: first what breaks them, then everything. The
# exit status is 3 if something breaks them that api/accepted-breaks.txt does
# not name.
#
#	tools/api-diff.sh CONTRACT-BEFORE TREE-BEFORE CONTRACT-AFTER [GOFLAGS-AFTER]
#
# It runs in the root of the tree after. A contract is a file or, as oasdiff
# reads it, REVISION:FILE. OASDIFF and APIDIFF are how to run these two; make
# sets them.
set -eu
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

$OASDIFF changelog --include-path-params --format singleline "$1" "$3" >"$found/wire"

# The packages that can be imported.
packages() {
	go list -f '{{if ne .Name "main"}}{{.ImportPath}}{{end}}' ./... | grep -v /internal
}
: >"$found/go" >"$found/incompatible"
packages >"$found/packages"
for package in $(cd "$2" && packages); do
	if ! grep -qxF "$package" "$found/packages"; then
		echo "- $package: removed" | tee -a "$found/go" >>"$found/incompatible"
		continue
	fi
	(cd "$2" && $APIDIFF -w "$found/before" "$package")
	GOFLAGS="${GOFLAGS-} ${4-}" $APIDIFF -w "$found/after" "$package"
	$APIDIFF "$found/before" "$found/after" >>"$found/go"
	$APIDIFF -incompatible "$found/before" "$found/after" >>"$found/incompatible"
done

grep '^[^#]' api/accepted-breaks.txt >"$found/accepted" || true
grep -hE '^(error|warning) |^- ' "$found/wire" "$found/incompatible" |
	grep -vE -f "$found/accepted" >"$found/breaks" || true

if [ -s "$found/breaks" ]; then
	printf 'These changes break callers; CONTRIBUTING.md says when that may be:\n\n'
	cat "$found/breaks"
	echo
fi
printf 'The contract\n\n'
if [ -s "$found/wire" ]; then cat "$found/wire"; else echo 'No changes.'; fi
printf '\nThe Go API\n\n'
if [ -s "$found/go" ]; then cat "$found/go"; else echo 'No changes.'; fi
[ ! -s "$found/breaks" ] || exit 3
