#!/usr/bin/env bash
# Measures the shim on this machine against plain memory and what else there is: builds, allocates the huge pages it needs, runs what
# fits on the machine in the time given, and puts everything back, also after Ctrl-C.
#
#   scripts/bench.sh [--minutes N] [--out FOLDER] [--build FOLDER] [--only STEP,...] [--buffer SIZE] [--fragmented]
#   scripts/bench.sh --list            the steps there are
#   scripts/bench.sh --report FOLDER   makes the tables and charts of FOLDER/run.json anew
#
#   --minutes N      about how long it may take without building (default: 10); two rounds of each step are measured in any case
#   --out FOLDER     where run.json, results.md and the charts (SVG) go (default: build/bench-runs/<time>)
#   --build FOLDER   a build folder to measure (default: builds and uses build/release, and installs packages that are missing)
#   --only STEP,...  these steps only
#   --buffer SIZE    size of the large buffer, a power of two (default: the largest that fits three times into free memory, up to 32GiB)
#   --fragmented     labels are also measured on fragmented memory, and each peer is asked how much of its buffers is still on huge
#                    pages then. All free memory is taken for that: for a machine that nothing else uses
#
# The step sealer takes the options of scripts/bench-sealer.sh too, which runs it alone. Allocating huge pages and mounting hugetlbfs
# takes root; what an ordinary user can't measure is left out, and the tables say so. Exit status: 0, also where something was left
# out; 1: a step broke; 2: wrong usage; 130: stopped by Ctrl-C, with the steps that were done by then.
set -euo pipefail
case ${1:-} in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
project=$(cd "$(dirname "$0")/.." && pwd)

builds=yes
for argument in "$@"; do
    case $argument in
        --build | --build=* | --list | --report | --report=*) builds= ;;
    esac
done
suite=(env "PYTHONPATH=$project/bench" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m suite)
if [[ $builds ]]; then
    # Wrong usage is to be known before minutes of building.
    "${suite[@]}" "$@" --list >/dev/null
    (
        cd "$project"
        scripts/install-packages.sh bench >&2
        cmake --preset release >/dev/null
        cmake --build --preset release --target bench/all hugepage_shim hugepage_shim_heap hugepage-file-init hugepagectl pc1-label >&2
    )
fi
exec "${suite[@]}" "$@"
