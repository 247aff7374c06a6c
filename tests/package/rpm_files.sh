#!/usr/bin/env bash
# Makes the .rpm, and looks whether what is in it is where systems with such packages look for it. No such system can be had here
# to install it in.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
    echo "rpm_files: $*" >&2
    exit 1
}

scripts/package.sh rpm
packages=(build/package/*.rpm)
((${#packages[@]} == 1)) || fail "not one package: ${packages[*]}"
files=$(rpm -qlp "${packages[0]}")
for file in lib64/libhugepage_shim.so lib64/libhugepage_shim_heap.so bin/hugepagectl bin/hugepage-file-init bin/pc1-label \
    share/man/man8/hugepagectl.8; do
    grep -qx "/usr/$file\(\.gz\)\?" <<<"$files" || fail "no /usr/$file in it: $files"
done
strange=$(grep -vE '^/usr/(bin|lib64|share)(/|$)' <<<"$files" || true)
[[ -z $strange ]] || fail "where nobody looks: $strange"
# What `hugepagectl run` preloads is looked for from where hugepagectl is, and the library that is found is the installed one.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && rpm2cpio "$OLDPWD/${packages[0]}" | cpio --quiet -id)
maps=$("$folder/usr/bin/hugepagectl" run --files-path "$folder" --force -- cat /proc/self/maps) || fail "hugepagectl run fails"
grep -q "$folder/usr/lib64/libhugepage_shim.so" <<<"$maps" || fail "hugepagectl run preloads something else"
