#!/usr/bin/env bash
# Compares the real sealer's labelling (filecoin-proofs' create_labels_for_encoding) on ordinary pages, on transparent huge pages,
# and with the shim on 2 MiB and 1 GiB pages, in interleaved rounds: ns for a label of layer 2, the first with parents in another
# layer, and of layer 1; median and spread, and what share of the plain one's time each takes. It is the step `sealer` of
# scripts/bench.sh, whose options it takes too.
#
#   scripts/bench-sealer.sh [--sector SIZE] [--path single-core|multicore|both] [--rounds N | --minutes M] [--variants NAME,...]
#                           [--fragmented] [--json FILE] [--build FOLDER] [--label FILE]
#
#   --sector SIZE       a power of two (default: 512MiB); needs 7 times as much free memory, 4 times of it in /dev/shm; with
#                       --fragmented 10 times, and 12 for 1 GiB pages too
#   --path PATH         single-core: the library's default, buffers by calloc; multicore: FIL_PROOFS_USE_MULTICORE_SDR=1 with one
#                       producer, buffers by mmap and mlock (default: both)
#   --rounds N          exactly so many, beside a first one that doesn't count (default: what the time allows, at least 2)
#   --minutes M         how long it may take (default: 10); a run of 512MiB takes about a minute, and each round one of each variant
#   --variants NAME,... of: plain, THP, shim 2 MiB, shim 1 GiB (default: these), no pool (the shim with HUGEPAGE_MODE=thp), full pool
#                       (the shim, and all files leased by others)
#   --fragmented        free memory is fragmented, for THP, while it runs; the shim's files are made before
#   --json FILE         writes the rows there, one a line, instead of a folder with tables and charts
#   --build FOLDER      a build folder of the shim (default: builds and uses build/release)
#   --label FILE        the sealer (default: builds it by scripts/build-sealer.sh native, which takes some minutes once)
#
# The SHA-256 of layers is compared: it fails if any run has computed others. Each run's buffers are looked at while layer 2 is
# labelled, and the table says which pages they were on. What was not on the pages it is named after is left out, with the reason;
# with --fragmented THP is not. Layers and the file of parents, which the first run makes, lie in /dev/shm. Huge pages, THP and
# --fragmented take root; everything is given back at the end, also after Ctrl-C and SIGKILL. Exit status: 0, also where something was
# left out; 1: labels differ; 2: wrong usage; 130: stopped.
set -euo pipefail
case ${1:-} in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
scripts=$(cd "$(dirname "$0")" && pwd)

label=()
if [[ " $* " != *" --label"[=\ ]* ]]; then
    "$scripts/install-packages.sh" sealer >&2
    label=(--label "$("$scripts/build-sealer.sh" native)/label")
fi
# As it was typed, for the record.
export BENCH_COMMAND="scripts/bench-sealer.sh${*:+$(printf ' %q' "$@")}"
exec "$scripts/bench.sh" --only sealer "${label[@]}" "$@"
