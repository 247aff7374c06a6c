#!/usr/bin/env bash
# Makes the .deb, has lintian check it, and checks what is in it without installing it.
#
#   tests/package/deb_files.sh [BUILD FOLDER]      build/release
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/package/unpacked.sh

fail() {
    echo "deb_files: $*" >&2
    exit 1
}

scripts/package.sh --build "${1:-build/release}" deb
packages=(build/package/*.deb)
((${#packages[@]} == 1)) || fail "not one package: ${packages[*]}"
lintian --allow-root --fail-on error --tag-display-limit 0 "${packages[0]}" || fail "lintian complains"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
dpkg-deb -x "${packages[0]}" "$folder"
listed=$(dpkg-deb --fsys-tarfile "${packages[0]}" | tar -t)
strange=$(grep -vE '^\./(usr/((bin|lib|share)/.*)?)?$' <<<"$listed" || true)
[[ -z $strange ]] || fail "in folders where nobody looks: $strange"
for file in copyright changelog.gz changelog.Debian.gz; do
    [[ -s $folder/usr/share/doc/hugepage-shim/$file ]] || fail "no $file"
done
check_unpacked "$folder" "/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)"
