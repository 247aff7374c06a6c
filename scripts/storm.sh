#!/usr/bin/env bash
# A long storm: 64 processes with the shim preloaded take, fill, verify and give back memory from one pool of huge pages,
# while they are killed and stopped, fork and exec, and the pool's files are deleted, replaced and added under them. ctest
# does the same for ten seconds, and nightly for a minute. What happens is in tests/hugetlb/storm.
#
#   scripts/storm.sh [SECONDS [SEED]]      3600 and a new one; the seed is printed, and does the same things again
#
# Allocates 1 GiB of 2 MiB pages, mounts hugetlbfs in a namespace of its own, and gives everything back, also after Ctrl-C;
# that takes root, for which an ordinary user is asked by sudo. Every 10 s it says how far it is. Exit status 0: no byte,
# file or process was other than it must be; 1: it says what was.
set -euo pipefail
case ${1:-} in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
for number in "$@"; do
    [[ $number =~ ^[0-9]+$ ]] || { echo "storm: $number is no number; see $0 --help" >&2; exit 2; }
done
(($# <= 2)) || { echo "storm: too many arguments; see $0 --help" >&2; exit 2; }
cd "$(dirname "$0")/.."

scripts/install-packages.sh fast
cmake --preset release >/dev/null
cmake --build --preset release --target storm

storm=(build/release/tests/hugetlb/storm --seconds "${1:-3600}" ${2:+--seed "$2"})
((EUID == 0)) || storm=(sudo "${storm[@]}")
exec "${storm[@]}"
