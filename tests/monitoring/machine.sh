#!/usr/bin/env bash
# machine_test.py on this machine, in a mount namespace of its own with a /run and an /etc of its own; hugepagectl takes everything back.
#   machine.sh BUILD-FOLDER PAGES [CHART.svg]      77: not root, or a program is missing
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [[ ${4:-} != inside ]]; then
    ((EUID == 0)) || { echo "skipped: needs root to have an /etc of its own"; exit 77; }
    exec unshare --mount -- bash "$0" "$1" "$2" "${3:-}" inside
fi
build=$1
scratch=$(mktemp -d)
. "$here/../../scripts/guarded.sh"
guarded --remove "$scratch" --run "rm -rf '$scratch/pool/numa_1'; '$build/tools/ctl/hugepagectl' remove --all >/dev/null 2>&1; umount -l '$scratch' /run /etc" ||
    { echo "$answer" >&2; exit 1; }
trap 'status=$?; let_go; exit "$status"' EXIT
own_run_and_etc "$scratch"
/usr/bin/python3 "$here/machine_test.py" "$build" "$2" "$scratch" ${3:+"$3"}
