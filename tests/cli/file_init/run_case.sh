# run_case.sh <tool> <file> <case>: runs one case function of a file. Exit status 0 passed, 77 skipped, else failed.
#
# A file that sets `pages` has its cases run on real huge pages: as many of 2 MiB are added to those of the first
# node, and a hugetlbfs with just these, seen by the case alone, is at $mnt. A guardian undoes all of it when the last process of the
# case has ended, however it ends.
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

# The first time there is no folder yet: make it, get the pages that are needed, and go on in a namespace.
if [ -z "${FILE_INIT_TEST_DIR:-}" ]; then
    export FILE_INIT_TEST_DIR
    own_namespace=()
    if [ "$pages" -gt 0 ]; then
        # Private, so that no mount is seen outside; the root of a chroot that is no mount point can't be made so.
        own_namespace=(unshare --mount --propagation private)
        "${own_namespace[@]}" true 2>/dev/null || own_namespace=(unshare --mount --propagation unchanged)
        "${own_namespace[@]}" true || skip "needs a mount namespace of its own (run it as root)"
    fi
    FILE_INIT_TEST_DIR=$(mktemp -d)
    steps=(--remove "$FILE_INIT_TEST_DIR")
    [ "$pages" -eq 0 ] || steps+=(--pages $((2 << 20)) "$pages" "$(first_node)")
    # The case and what it starts inherit the lifeline, and so hold on to the pages.
    . "$here/../../../scripts/guarded.sh"
    guarded "${steps[@]}" || skip "$answer"
    status=0
    "${own_namespace[@]}" bash "$0" "$@" {answers}<&- || status=$?
    let_go
    exit "$status"
fi

dir=$FILE_INIT_TEST_DIR
if [ "$pages" -gt 0 ]; then
    mnt=$dir/mnt
    mkdir "$mnt"
    mount -t hugetlbfs -o "pagesize=2M,size=$((pages * 2))M" none "$mnt" || skip "hugetlbfs cannot be mounted"
fi
"$case"
echo "passed: $case"
