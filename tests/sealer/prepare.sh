#!/usr/bin/env bash
# What the tests of the real sealer need, once for all of them, in a folder: its programs, the file of parents for 8 MiB, and what
# it prints for a sector without the shim, with the first label of layer 1.
#
#   prepare.sh BUILD_SEALER native|portable FOLDER
#
# Exit status 77, and the reason: the programs are not built yet, and building them takes minutes.
set -euo pipefail
programs=$("$1" --if-quick "$2") || { status=$?; echo "$programs"; exit "$status"; }
mkdir -p "$3"
cd "$3"
cp -f "$programs"/* .
for multicore in 0 1; do
    rm -rf sector
    FIL_PROOFS_PARENT_CACHE=$PWD/parents FIL_PROOFS_USE_MULTICORE_SDR=$multicore ./seal 8MiB sector >printed.$multicore
done
head -c 32 sector/cache/sc-02-data-layer-1.dat >first-label
rm -rf sector
cmp printed.0 printed.1
mv printed.0 expected
