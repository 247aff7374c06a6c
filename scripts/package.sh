#!/usr/bin/env bash
# Makes packages of the libraries, tools and manual pages in build/package, from a release build: a .deb and, where rpmbuild is, an
# .rpm. Builds only what is missing. The same commit gives the same .deb, byte for byte.
#
#   scripts/package.sh [--build FOLDER] [deb] [rpm]      without a kind: deb, and rpm if rpmbuild is there
#
#   --build FOLDER   the build folder (default: build/release, which is configured if it is not there)
set -euo pipefail
cd "$(dirname "$0")/.."

built=build/release wanted=()
while (($# > 0)); do
    case $1 in
        --build) built=${2:?--build needs a folder}; shift ;;
        deb | rpm) wanted+=("$1") ;;
        -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) echo "package: unknown argument: $1; see $0 --help" >&2; exit 2 ;;
    esac
    shift
done
if ((${#wanted[@]} == 0)); then
    wanted=(deb)
    ! command -v rpmbuild >/dev/null || wanted+=(rpm)
fi
scripts/install-packages.sh package

# The modes of folders are in the package too.
umask 022
# Of the last change; of now, where there is no git.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
if [[ ! -e $built/CPackConfig.cmake ]]; then
    [[ $built == build/release ]] || { echo "package: $built is not a build folder of this project" >&2; exit 2; }
    cmake --preset release -DHUGEPAGE_SHIM_WERROR="${CI:-OFF}" -DHUGEPAGE_SHIM_BUILD_TESTS=OFF -DHUGEPAGE_SHIM_BUILD_BENCH=OFF >/dev/null
elif ! grep -q '^SCDOC:.*=/' "$built/CMakeCache.txt"; then
    # scdoc may have been installed since then.
    cmake "$built" >/dev/null
fi
cmake --build "$built" --target hugepage_shim hugepage_shim_heap hugepagectl hugepage-file-init pc1-label manual_pages

folder=build/package
mkdir -p "$folder"
# CPack's own work folder.
trap 'rm -rf "$folder/_CPack_Packages" "$folder/unpacked"' EXIT
for kind in "${wanted[@]}"; do
    rm -f "$folder"/*."$kind"
    cpack --config "$built/CPackConfig.cmake" -G "${kind^^}" -B "$PWD/$folder" >"$folder/cpack.log" 2>&1 ||
        { cat "$folder/cpack.log" >&2; echo "package: cpack could not make the $kind" >&2; exit 1; }
    package=$(echo "$folder"/*."$kind")
    if [[ $kind == deb ]]; then
        # CPack adds scripts that call ldconfig. Debian has a trigger for that (packaging/deb/triggers).
        rm -rf "$folder/unpacked"
        dpkg-deb --raw-extract "$package" "$folder/unpacked"
        rm "$folder"/unpacked/DEBIAN/post{inst,rm}
        dpkg-deb --root-owner-group -Zxz --build "$folder/unpacked" "$package" >/dev/null
    fi
    echo "$package"
done
