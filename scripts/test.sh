#!/usr/bin/env bash
# Builds and runs the tests of a tier: installs what is missing, configures a preset, builds what these tests need, ctest.
#
#   scripts/test.sh [--without-unit] [TIER] [PRESET] [CTEST ARGUMENTS]
#
#   TIER    fast      unit, preload and command-line tests, on real huge pages too: at every change
#           full      these, and a storm, machines of two nodes, other programs, the package: before a change is handed in (default)
#           nightly   all tests, for longer and with new random numbers, clang-tidy, ThreadSanitizer, a minute of fuzzing a target
#   PRESET  release (default), debug, asan, tsan
#   --without-unit   unit tests are neither built nor run: for whoever runs them with a sanitizer too
#
# Tests that need real huge pages (label hugetlb) allocate their own 2 MiB pages and give them back. That takes root: an
# ordinary user is asked for sudo for just these; without sudo they are skipped with the reason. To leave them out:
# scripts/test.sh full release -LE hugetlb
set -euo pipefail
cd "$(dirname "$0")/.."

tier=full preset=release targets=(tests_unit) left_out=()
[[ ${1:-} != --without-unit ]] || { targets=(); left_out=('^unit$'); shift; }
case "${1:-}" in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    fast | full | nightly) tier=$1; shift ;;
esac
case "${1:-}" in
    release | debug | asan | tsan) preset=$1; shift ;;
esac
[[ $# == 0 || $1 == -* ]] || { echo "test: no tier or preset '$1'; see $0 --help" >&2; exit 2; }
case $tier in
    fast) tiers=fast ;;
    full) tiers='fast|full' ;;
    nightly)
        tiers='fast|full|nightly'
        export STORM_SECONDS=60 STORM_SEED=random TWINS_SEED=random RANDOM_SECTORS=500 RANDOM_SECTORS_SEED=$RANDOM
        ;;
esac

scripts/install-packages.sh "$tier"
# Where minutes don't matter, the real sealer is built too (tests/sealer); elsewhere its tests run if it is built already.
if [[ $tier == nightly || ( $tier == full && ${CI:-} ) ]]; then
    if scripts/install-packages.sh sealer; then
        export BUILD_SEALER=yes
    elif [[ $tier == nightly ]]; then
        exit 1
    else
        echo "test: the real sealer's crates are not available here; its tests run only if it is built already" >&2
    fi
fi
scripts/check-layers.sh
# Warnings are errors where the project is checked, not where a newer compiler has more of them to give.
on=(-DHUGEPAGE_SHIM_BUILD_TESTS=ON)
[[ $preset != release ]] || on+=(-DHUGEPAGE_SHIM_BUILD_BENCH=ON)
cmake --preset "$preset" "${on[@]}" -DHUGEPAGE_SHIM_WERROR="${CI:-OFF}" >/dev/null
cmake --build --preset "$preset" --parallel "$(nproc)" --target "tests_$tier" "${targets[@]}"

# Sanitizers count what they allocate and map: on huge pages only what users run is tried.
[[ $preset != asan && $preset != tsan ]] || left_out+=(hugetlb)
but=()
((${#left_out[@]} == 0)) || but=(-LE "$(IFS='|' && echo "${left_out[*]}")")
# One more than there are CPUs: some tests wait most of the time.
tests=(ctest --preset "$preset" --parallel "$(($(nproc) + 1))" -L "^($tiers)\$" --no-tests=error)
if ((EUID == 0 || $# > 0 || ${#left_out[@]} > 0)) || ! command -v sudo >/dev/null; then
    "${tests[@]}" "${but[@]}" "$@"
else
    "${tests[@]}" -LE hugetlb
    echo "sudo: to run the tests that allocate huge pages of 2 MiB (given back) and mount hugetlbfs in a namespace of their own"
    sudo -E "${tests[@]}" -L hugetlb
fi
if [[ $tier == nightly && $# == 0 && $preset == release ]]; then
    scripts/check.sh format words markdown cppcheck tidy asan tsan
    scripts/fuzz.sh 60
fi
