#!/usr/bin/env bash
# Builds everything and runs every test: installs what is missing, configures a preset, builds, ctest.
#
#   scripts/test.sh [PRESET] [CTEST ARGUMENTS]      PRESET: release (default), debug, asan, tsan
#
# Tests that need real huge pages (label hugetlb) reserve their own 2 MiB pages and give them back. That takes root: an
# ordinary user is asked for sudo for just these; without sudo they are skipped with the reason. To leave them out:
# scripts/test.sh release -LE hugetlb
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
case "${1:-}" in
    release | debug | asan | tsan) preset=$1; shift ;;
esac

scripts/install-packages.sh test
scripts/check-layers.sh
# Warnings are errors where the project is checked, not where a newer compiler has more of them to give.
cmake --preset "$preset" -DHUGEPAGE_SHIM_WERROR="${CI:-OFF}" >/dev/null
cmake --build --preset "$preset"

tests=(ctest --preset "$preset" --parallel "$(nproc)")
if ((EUID == 0 || $# > 0)) || ! command -v sudo >/dev/null; then
    exec "${tests[@]}" "$@"
fi
"${tests[@]}" -LE hugetlb
echo "sudo: to run the tests that reserve huge pages of 2 MiB (given back) and mount hugetlbfs in a namespace of their own"
sudo "${tests[@]}" -L hugetlb
