#!/usr/bin/env bash
# Makes packages of the libraries, tools and manual pages in build/package: a .deb and, where rpmbuild is, an .rpm. The same commit
# gives the same .deb, byte for byte.
#
#   scripts/package.sh [deb] [rpm]      without any: deb, and rpm if rpmbuild is there
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=("$@")
if ((${#wanted[@]} == 0)); then
    wanted=(deb)
    ! command -v rpmbuild >/dev/null || wanted+=(rpm)
fi
for kind in "${wanted[@]}"; do
    [[ $kind == deb || $kind == rpm ]] || { echo "package: no kind of package: $kind; see $0" >&2; exit 2; }
done
scripts/install-packages.sh package

folder=build/package
# Of the last change; of now, where there is no git.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
mkdir -p "$folder"
rm -rf "$folder"/*.deb "$folder"/*.rpm "$folder/unpacked"
for kind in "${wanted[@]}"; do
    # Libraries are where the loader looks on systems that have such packages, whatever this one is.
    built=$folder library_folder=()
    [[ $kind != rpm ]] || built=$folder-rpm library_folder=(-DCMAKE_INSTALL_LIBDIR=lib64)
    cmake -S . -B "$built" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr "${library_folder[@]}" \
        -DHUGEPAGE_SHIM_WERROR="${CI:-OFF}" -DHUGEPAGE_SHIM_BUILD_TESTS=OFF -DHUGEPAGE_SHIM_BUILD_BENCH=OFF >/dev/null
    cmake --build "$built"
    (cd "$built" && cpack -G "${kind^^}") >"$built/cpack.log" 2>&1 ||
        { cat "$built/cpack.log" >&2; echo "package: cpack could not make the $kind" >&2; exit 1; }
    [[ $built == "$folder" ]] || mv "$built"/*.rpm "$folder"
done
# CPack adds scripts that call ldconfig, which Debian has a trigger for (packaging/deb/triggers).
for package in "$folder"/*.deb; do
    [[ -e $package ]] || continue
    dpkg-deb --raw-extract "$package" "$folder/unpacked"
    rm "$folder"/unpacked/DEBIAN/post{inst,rm}
    dpkg-deb --root-owner-group -Zxz --build "$folder/unpacked" "$package" >/dev/null
    rm -r "$folder/unpacked"
done
find "$folder" -maxdepth 1 \( -name '*.deb' -o -name '*.rpm' \) | sort
