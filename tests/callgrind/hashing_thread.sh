#!/usr/bin/env bash
# Counts the hashing thread's instructions for each node with callgrind and compares them with golden.txt: within 3 % (or
# 3 instructions) for the compiler that the golden counts are of, from half to a quarter more for others.
#
#   hashing_thread.sh PROGRAM COMPILER        COMPILER: such as GNU-12
#
# valgrind knows neither SHA-NI nor AVX-512, so "with" is the portable hash, and "beside" is all but the hash.
set -euo pipefail
program=$1
compiler=$2
command -v valgrind >/dev/null || { echo "valgrind is missing: scripts/install-packages.sh fast" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Of the main thread, which hashes, inside Labeller::label.
instructions() { # hash producers nodes
    valgrind --tool=callgrind --separate-threads=yes --toggle-collect='pc1::Labeller::label(*' \
        --callgrind-out-file="$folder/out" "$program" "$@" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
    awk '/^totals:/ { print $2 }' "$folder/out-01"
    rm -f "$folder"/out*
}

wrong=0
while read -r hash producers golden; do
    [[ -z $hash || $hash == '#' ]] && continue
    # 8 times 8,192 and 32,768 are powers of four: no walks in the graph, whose length would depend on the size.
    few=$(instructions "$hash" "$producers" 8192)
    many=$(instructions "$hash" "$producers" 32768)
    counted=$(((many - few + 12288) / 24576))
    slack=$((golden * 3 / 100 > 3 ? golden * 3 / 100 : 3))
    least=$((golden - slack))
    most=$((golden + slack))
    [[ $compiler == GNU-12 ]] || { least=$((golden / 2)); most=$((golden * 5 / 4)); }
    verdict=ok
    ((counted >= least && counted <= most)) || { verdict="WRONG, expected $least to $most"; wrong=1; }
    echo "$hash the hash, producers $producers: $counted instructions a node (golden: $golden) $verdict"
done <"$(dirname "$0")/golden.txt"
exit "$wrong"
