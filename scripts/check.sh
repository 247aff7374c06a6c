#!/usr/bin/env bash
# Static analysis and sanitizers.
#
#   scripts/check.sh [PART...]      PARTs in the order given; without any, those that take seconds: format layers words markdown cppcheck built
#
#   format     clang-format changes nothing                                         1 s
#   layers     who includes and calls whom (check-layers.sh)                        1 s
#   words      phrases that readers stumbled over (check-words.py), and spelling     3 s
#   markdown   the documents follow mdl's rules (markdown.rb)                       3 s
#   cppcheck   of shim and tools                                                    5 s
#   built      builds (release); hardened, and for older systems (check-built.sh)   1 s, and the building
#   tidy       clang-tidy of shim and tools, as .clang-tidy has it                  5 min or more
#   asan       fast tests of the shim and the tools' parts under ASan and UBSan     3 min, with the building
#   tsan       the same under TSan                                                  20 min or more, with the building
#
# Times are of two CPUs. What the library exports is checked by scripts/test.sh (Exports.*).
set -euo pipefail
cd "$(dirname "$0")/.."
readonly self=$PWD/scripts/check.sh

check_format() { git ls-files -co --exclude-standard '*.cpp' '*.h' | xargs clang-format --dry-run -Werror; }
check_layers() { scripts/check-layers.sh; }
check_words() {
    scripts/check-words.py
    # Chinese pages have no English to spell; corpora and records are data.
    git ls-files -co --exclude-standard | grep -vE '\.(svg|json|lock)$|(^|/)(corpus|fixtures|zh)/|\.zh\.md$' |
        xargs codespell --ignore-words-list=childs,nd,sise
}
check_markdown() { git ls-files -co --exclude-standard '*.md' | LC_ALL=C.UTF-8 xargs mdl --style scripts/markdown.rb; }
check_cppcheck() {
    # containerOutOfBounds: loses count of a std::array that is filled by a loop over another one (sha256.cpp).
    cppcheck --std=c++20 --language=c++ -j"$(nproc)" --enable=warning,performance,portability --inline-suppr --quiet \
        --suppress=missingIncludeSystem --suppress=containerOutOfBounds:tools/pc1/sha256.cpp \
        --error-exitcode=1 -I. shim tools
}
check_built() {
    cmake --preset release >/dev/null
    cmake --build --preset release --target hugepage_shim hugepage_shim_heap hugepagectl hugepage-file-init pc1-label
    scripts/check-built.sh
}
# As they are compiled, several files of the tools as one: most of the time goes to headers.
check_tidy() {
    cmake --preset release -B build/tidy -DHUGEPAGE_SHIM_BUILD_TESTS=OFF -DHUGEPAGE_SHIM_BUILD_BENCH=OFF >/dev/null
    sed -nE "s,^ *\"file\": \"($PWD/(build/tidy/)?(shim|tools)/.*)\".*,\1,p" build/tidy/compile_commands.json | sort -u |
        xargs -P "$(nproc)" -n 1 clang-tidy -p build/tidy --quiet --extra-arg=-Wno-unknown-warning-option \
            --checks=-bugprone-suspicious-include
}
check_asan() { scripts/test.sh fast asan; }
check_tsan() { scripts/test.sh fast tsan; }

readonly parts='format layers words markdown cppcheck built tidy asan tsan'
case "${1:-}" in -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
if [[ ${1:-} == --only ]]; then
    "check_$2"
    exit
fi
chosen=("$@")
((${#chosen[@]} > 0)) || chosen=(format layers words markdown cppcheck built)
for part in "${chosen[@]}"; do
    [[ " $parts " == *" $part "* ]] || { echo "check: no part $part; see $0 --help" >&2; exit 2; }
done
scripts/install-packages.sh check
[[ " ${chosen[*]} " != *" tidy "* ]] || scripts/install-packages.sh tidy
failed=()
declare -A running
# Those that take seconds, of one CPU each, together; what they say comes in their order.
readonly quick=' format layers words markdown cppcheck '
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
for part in "${chosen[@]}"; do
    [[ $quick == *" $part "* ]] || continue
    "$self" --only "$part" >"$said/$part" 2>&1 &
    running[$part]=$!
done
for part in "${chosen[@]}"; do
    # In a process of its own: within a condition bash does not end a function at the first command that fails.
    if [[ ${running[$part]:-} ]]; then
        wait "${running[$part]}" && status=0 || status=$?
        cat "$said/$part"
    else
        "$self" --only "$part" && status=0 || status=$?
    fi
    if ((status == 0)); then echo "check: $part passed"; else failed+=("$part"); fi
done
((${#failed[@]} == 0)) || { echo "check: failed: ${failed[*]}" >&2; exit 1; }
