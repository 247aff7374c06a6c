#!/usr/bin/env bash
# Makes the .deb for arm64 from the cross build, and this machine's own, and compares them: the same files, the same dependencies. The
# programs are tried by qemu-user.
#
#   deb.sh BUILD_FOLDER CROSS_BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../../.."
own=$1 cross=$2

fail() {
    echo "deb: $*" >&2
    exit 1
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
# make BUILD_FOLDER FILE
make() {
    scripts/package.sh --build "$1" deb >"$folder/log" || { cat "$folder/log" >&2; fail "no package of $1"; }
    cp build/package/*.deb "$2"
}
make "$own" "$folder/own.deb"
make "$cross" "$folder/again.deb"
make "$cross" "$folder/arm64.deb"
cmp "$folder/again.deb" "$folder/arm64.deb" || fail "the second package differs from the first"
[[ $(dpkg-deb --field "$folder/arm64.deb" Architecture) == arm64 ]] || fail "it is for $(dpkg-deb --field "$folder/arm64.deb" Architecture)"
lintian --allow-root --fail-on error --tag-display-limit 0 "$folder/arm64.deb" || fail "lintian complains"

# Modes, owners and names, and what links lead to; sorted, since the folder's name decides where in the package it is.
files() { dpkg-deb --fsys-tarfile "$1" | tar -tv | sed -E "s|$2-linux-gnu|TRIPLET|; s|^([^ ]+ +[^ ]+) +[0-9]+ [^ ]+ [^ ]+ |\1 |" | sort; }
files "$folder/own.deb" x86_64 >"$folder/own.files"
files "$folder/arm64.deb" aarch64 >"$folder/arm64.files"
diff "$folder/own.files" "$folder/arm64.files" || fail "not the same files"
needs() { dpkg-deb --field "$1" Depends | tr -d ' ' | tr , '\n' | sed 's/(.*//'; }
diff <(needs "$folder/own.deb") <(needs "$folder/arm64.deb") || fail "not the same dependencies"
[[ $(dpkg-deb --field "$folder/arm64.deb" Depends) == *'libc6 (>= 2.34)'* ]] || fail "not the version of libc6 that the symbols need"

dpkg-deb -x "$folder/arm64.deb" "$folder/unpacked"
for file in "$folder"/unpacked/usr/bin/* "$folder"/unpacked/usr/lib/aarch64-linux-gnu/*; do
    [[ $(readelf -h "$file") == *AArch64* ]] || fail "${file##*/} is not for aarch64"
    [[ $(readelf -SW "$file") != *' .symtab '* ]] || fail "${file##*/} is not stripped"
done
run() { tests/vm/aarch64/emulated.sh max "$@"; }
for program in hugepagectl hugepage-file-init pc1-label; do
    said=$(run "$folder/unpacked/usr/bin/$program" --help) || fail "$program --help fails"
    [[ $said == *--help* ]] || fail "$program --help does not mention --help"
done
system=$(scripts/arm64-system.sh)/system
for library in "$folder"/unpacked/usr/lib/aarch64-linux-gnu/libhugepage_shim{,_heap}.so; do
    said=$(run -E "LD_PRELOAD=$library" -E LD_TRACE_LOADED_OBJECTS=1 "$system/usr/bin/true" 2>&1) || fail "${library##*/}: true fails: $said"
    [[ $said == *"$library (0x"* && $said != *ERROR* ]] || fail "${library##*/} is not loaded: $said"
done
