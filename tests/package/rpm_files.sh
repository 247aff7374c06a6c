#!/usr/bin/env bash
# Makes the .rpm, and checks whether its files are where systems with such packages look for them. There is no such system here to
# install it in.
#
#   tests/package/rpm_files.sh [BUILD FOLDER]      build/release
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/package/unpacked.sh

fail() {
    echo "rpm_files: $*" >&2
    exit 1
}

scripts/package.sh --build "${1:-build/release}" rpm
packages=(build/package/*.rpm)
((${#packages[@]} == 1)) || fail "not one package: ${packages[*]}"
files=$(rpm -qlp "${packages[0]}")
for file in lib64/libhugepage_shim.so lib64/libhugepage_shim_heap.so bin/hugepagectl bin/hugepage-file-init bin/pc1-label \
    share/man/man8/hugepagectl.8; do
    grep -qx "/usr/$file\(\.gz\)\?" <<<"$files" || fail "no /usr/$file in it: $files"
done
strange=$(grep -vE '^/usr/(bin|lib/systemd|lib64|share)(/|$)' <<<"$files" || true)
[[ -z $strange ]] || fail "in folders where nobody looks: $strange"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && rpm2cpio "$OLDPWD/${packages[0]}" | cpio --quiet -id)
check_unpacked "$folder" /usr/lib64
