#!/usr/bin/env bash
# What the tests of the real sealer need, once for all of them, in a folder: its programs, the file of parents for 8 MiB, and what
# it prints for a sector without the shim. That is always the same: expected.SIZE beside this script. Of 8 MiB, the trees of the
# second phase take most of the time; the tests compare them.
#
#   prepare.sh BUILD_SEALER native|portable FOLDER
#
# Exit status 77, and the reason: the programs are not built yet, and building them takes minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$3"
exec 9>"$3/lock"
flock 9
# Those of an older build, of other sources, aren't to be tested in place of new ones.
rm -rf "$3"/{expected,seal,label,sector}
programs=$("$1" --if-quick "$2") || { status=$?; echo "$programs"; exit "$status"; }
cd "$3"
cp -f "$programs"/* .
# Verified: a file of parents that was left half made, by a run that was killed, would be used for ever.
export FIL_PROOFS_PARENT_CACHE=$PWD/parents FIL_PROOFS_VERIFY_CACHE=1
for FIL_PROOFS_USE_MULTICORE_SDR in 0 1; do
    export FIL_PROOFS_USE_MULTICORE_SDR
    ./seal 2KiB sector | diff "$here/expected.2KiB" -
    rm -rf sector
    ./seal 8MiB sector --phase1 | diff <(grep -v comm_r "$here/expected.8MiB") -
    rm -rf sector
done
cp "$here/expected.8MiB" expected
