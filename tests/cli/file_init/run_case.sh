# run_case.sh <tool> <file> <case>: runs one case function of a file. Exit status 0 passed, 77 skipped, else failed.
#
# A file that sets `pages` has its cases run on real huge pages: as many of 2 MiB are added to those of the first
# node, and a hugetlbfs with just these, seen by the case alone, is at $mnt. Both are given back when the last process
# of the case has ended, however it ends: the mount goes with its namespace, the pages are taken away by a guardian.
# shellcheck shell=bash disable=SC1090,SC1091,SC2154  # set by, or for, the other files
set -euo pipefail

here=$(dirname "$0")
tool=$1 file=$2 case=$3
pages=0
. "$here/check.sh"
. "$file"

skip() {
    echo "skipped: $1"
    exit 77
}

# The first time there is no folder yet: make it, and where pages are needed get them and go on in a namespace.
if [ -z "${FILE_INIT_TEST_DIR:-}" ]; then
    FILE_INIT_TEST_DIR=$(mktemp -d)
    export FILE_INIT_TEST_DIR
    if [ "$pages" -eq 0 ]; then
        trap 'rm -rf "$FILE_INIT_TEST_DIR"' EXIT
    else
        . "$here/huge_pages.sh"
        hold_pages "$pages"
        status=0
        unshare --mount --propagation "$(mount_propagation)" bash "$0" "$@" || status=$?
        let_pages_go
        exit "$status"
    fi
fi

dir=$FILE_INIT_TEST_DIR
if [ "$pages" -gt 0 ]; then
    mnt=$dir/mnt
    mkdir "$mnt"
    mount -t hugetlbfs -o "pagesize=2M,size=$((pages * 2))M" none "$mnt" || skip "hugetlbfs cannot be mounted"
fi
"$case"
echo "passed: $case"
