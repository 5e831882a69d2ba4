#!/bin/sh
# Says what changes for callers: the numbers, then what breaks them, then the
# rest. The exit status is 3 if something breaks them that
# api/accepted-breaks.txt does not name.
#
#	tools/api-diff.sh CONTRACT-BEFORE TREE-BEFORE CONTRACT-AFTER [GOFLAGS-AFTER]
#
# It runs in the root of the tree after. A contract is a file or, as oasdiff
# reads it, REVISION:FILE. OASDIFF and APIDIFF are how to run these two; make
# sets them.
set -eu
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

# Without the summary, the blank lines and the names of temporary files.
$OASDIFF changelog --include-path-params --flatten-params --format singleline "$1" "$3" >"$found/oasdiff"
sed -n 's/^\([a-z]*\)\( at [^,]*\)*, in /\1: in /p' "$found/oasdiff" >"$found/wire"

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
	if ! GOFLAGS="${GOFLAGS-} ${4-}" $APIDIFF -w "$found/after" "$package" 2>"$found/why"; then
		cat "$found/why" >&2
		echo "- $package: does not compile" | tee -a "$found/go" >>"$found/incompatible"
		continue
	fi
	$APIDIFF "$found/before" "$found/after" >>"$found/go"
	$APIDIFF -incompatible "$found/before" "$found/after" >>"$found/incompatible"
done

grep '^[^#]' api/accepted-breaks.txt >"$found/accepted" || true
grep -hE '^(error|warning): |^- ' "$found/wire" "$found/incompatible" |
	grep -vE -f "$found/accepted" >"$found/breaks" || true

count() { grep -cE "$1" "$2" || true; }
echo "Operations added: $(count '\[endpoint-added\]' "$found/wire"), removed: $(count '\[api-(path-)?removed' "$found/wire");" \
	"incompatible changes: $(count '' "$found/breaks")."
if [ -s "$found/breaks" ]; then
	printf '\nThese changes break callers; CONTRIBUTING.md says when that may be:\n\n'
	cat "$found/breaks"
fi
# Prints a list without what is incompatible, which stands above or is accepted.
others() {
	printf '\n%s\n\n' "$1"
	if [ ! -s "$2" ]; then echo 'No changes.'; else grep -vxF -f "$3" "$2" || echo 'No other changes.'; fi
}
grep '^- ' "$found/go" >"$found/names" || true
others 'The contract' "$found/wire" "$found/breaks"
others 'The Go API' "$found/names" "$found/incompatible"
[ ! -s "$found/breaks" ] || exit 3
