#!/usr/bin/env bash
# Proves what shim/core/README.md and the layout promise: a file of the core includes only lower layers, the core never
# maps memory, allocates or throws, the tools never touch the shim's hooks, and pc1-label knows nothing of the shim.
set -euo pipefail
cd "$(dirname "$0")/.."
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

# The table of shim/core/README.md: | layer | `file` `file` ... | ... |
declare -A layer
while IFS='|' read -r _ number files _; do
    [[ $number =~ ^\ *[0-9]+\ *$ ]] || continue
    for file in ${files//\`/}; do
        layer[$file]=$((number))
    done
done <shim/core/README.md
((${#layer[@]} > 0)) || fail "no table of layers in shim/core/README.md"

for path in shim/core/*.h shim/core/*.cpp; do
    file=$(basename "${path%.*}")
    [[ -v layer[$file] ]] || { fail "$path is in no layer of shim/core/README.md"; continue; }
    while read -r included; do
        if [[ $included != shim/core/*.h ]]; then
            fail "$path includes $included, which is above the core"
            continue
        fi
        other=$(basename "$included" .h)
        ((${layer[$other]:-99} <= ${layer[$file]})) || fail "$path (layer ${layer[$file]}) includes $included (layer ${layer[$other]:-none})"
    done < <(sed -nE 's/^#include "(.*)"$/\1/p' "$path")
done

forbid '\b(mmap|mmap64|munmap|mremap|madvise|mlock)\(' 'the core must not map memory' shim/core/*.h shim/core/*.cpp
forbid '\b(new|throw|try|catch)\b|std::(string|vector|map|function|unique_ptr|shared_ptr)\b' \
    'the shim must not allocate or throw' shim/*.h shim/*.cpp shim/core/*.h shim/core/*.cpp
# But for the heap variant, which passes these names on.
shopt -s extglob globstar
forbid '\b(malloc|calloc|realloc|free)\(' 'the shim must not allocate' \
    shim/!(heap|next_allocator|interpose_heap).@(h|cpp) shim/core/*.h shim/core/*.cpp
forbid '#include "shim/[a-z_]*\.h"' "the tools must not use the shim's hooks" tools/**/*.h tools/**/*.cpp
forbid '#include "shim/' 'pc1-label must know nothing of the shim' tools/pc1/**/*.h tools/pc1/**/*.cpp

((failures == 0)) || exit 1
