#!/usr/bin/env bash
# Compares PC1's labelling (pc1-label) on ordinary pages, on transparent huge pages, and with the shim on 2 MiB and 1 GiB pages,
# in interleaved rounds: ns for a label, median and spread, and how many times the plain one's time each takes in the same round.
#
#   scripts/bench-pc1.sh [--sector SIZE] [--path single-core|multicore|both] [--sealers N|all] [--rounds N | --minutes M]
#                        [--max-nodes N] [--variants NAME,...] [--fragmented] [--json FILE] [--build FOLDER]
#
#   --sector SIZE       a power of two (default: 512MiB); needs 2.4 times as much free memory for each sealer
#   --path PATH         single-core: one thread, buffers by calloc; multicore: two, buffers by mmap and mlock (default: both)
#   --sealers N|all     so many at once, each on cores of its own; all: as many as there are cores for (default: 1)
#   --rounds N          exactly so many, beside a first one that doesn't count (default: what the time allows, at least 2)
#   --minutes M         how long it may take (default: 5)
#   --max-nodes N       nodes to label, from the middle of layer 2 (default: a million; at most half of the layer)
#   --variants NAME,... of: plain, THP, shim 2 MiB, shim 1 GiB (default: these), no pool (the shim with HUGEPAGE_MODE=thp), full pool
#                       (the shim, and all files leased by others)
#   --fragmented        free memory is fragmented, for THP, while it runs; the shim's files are made before
#   --json FILE         writes rows, facts and what was left out, as scripts/bench.sh does into run.json
#   --build FOLDER      a build folder to measure (default: builds and uses build/release)
#
# Labels are compared: it fails if any variant has computed others. Each run's buffers are looked at: what was not on the pages
# it is named after is left out, with the reason. Huge pages and THP take root; everything is given back at the end, also after
# Ctrl-C and SIGKILL. Exit status: 0, also where something was left out; 1: labels differ; 2: wrong usage; 130: stopped.
set -euo pipefail
case ${1:-} in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
project=$(cd "$(dirname "$0")/.." && pwd)

builds=yes
for argument in "$@"; do
    case $argument in
        --build | --build=*) builds= ;;
    esac
done
if [[ $builds ]]; then
    (
        cd "$project"
        scripts/install-packages.sh build >&2
        cmake --preset release >/dev/null
        cmake --build --preset release --target hugepage_shim hugepage_shim_heap hugepage-file-init pc1-label >&2
    )
fi
exec env "PYTHONPATH=$project/bench" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m suite.pc1_command "$@"
