#!/usr/bin/env bash
# Proves what shim/README.md promises: a file of the shim includes only what lies below it, and no files include each other in
# a circle; the shim never allocates or throws, what the tools link of it never maps memory, and pc1-label knows nothing of it.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s extglob globstar
failures=0

fail() {
    echo "check-layers: $*" >&2
    failures=$((failures + 1))
}

# forbid PATTERN WHY FILE...: no line of code may match; comments are not looked at, nor texts but those of #include.
forbid() {
    local pattern=$1 why=$2 file found
    shift 2
    for file in "$@"; do
        found=$(sed -E 's,//.*,,; /^#include/!s/"([^"\\]|\\.)*"/""/g' "$file" | grep -nE "$pattern") || continue
        fail "$why: $file:"$'\n'"$found"
    done
}

# A header and the file that defines what it declares are one.
readonly order=(base request regions hooks)
for ((i = 0; i < ${#order[@]}; ++i)); do
    above=$(IFS='|'; echo "${order[*]:i+1}")
    [[ -z $above ]] || forbid "#include \"shim/($above)/" 'includes what lies above it' shim/"${order[i]}"/*.@(h|cpp)
done
circle=$(for file in shim/*/*.@(h|cpp); do
    sed -nE "s,^#include \"(.*)\.h\"\$,${file%.*} \1,p" "$file"
done | awk '$1 != $2' | tsort 2>&1 >/dev/null) || fail "files include each other in a circle:"$'\n'"$circle"

forbid '\b(new|throw|try|catch)\b|std::(string|vector|map|function|make_unique|shared_ptr)\b' \
    'the shim must not allocate or throw' shim/*/*.@(h|cpp)
# The heap variant passes these names on.
forbid '\b(malloc|calloc|realloc|free)\(' 'the shim must not allocate' \
    shim/!(hooks)/*.@(h|cpp) shim/hooks/mmap.cpp
# What tools link (hugepage_core): within the shim these names are the shim's own.
readonly shared='base/[a-z_]+|request/lease'
forbid '\b(mmap|mmap64|munmap|mremap|madvise|mlock)\(' 'what the tools link must not map memory' \
    shim/base/!(next).@(h|cpp) shim/request/lease.@(h|cpp)
for file in tools/**/*.@(h|cpp); do
    while read -r included; do
        [[ $included =~ ^shim/($shared)\.h$ && $included != shim/base/next.h ]] || fail "the tools must not use the shim's hooks: $file includes $included"
    done < <(sed -nE 's,^#include "(shim/.*)"$,\1,p' "$file")
done
forbid '#include "shim/' 'pc1-label must know nothing of the shim' tools/pc1/**/*.@(h|cpp)

((failures == 0)) || exit 1
