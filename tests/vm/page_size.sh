#!/bin/sh
# Another page size for a pool, by what setup says, on a machine with free pages of 1 GiB; and then all is as before.
#   page_size.sh HUGEPAGECTL
set -eu
ctl=$1
. "${0%/*}/functions.sh"

setup() { "$ctl" setup --size 1GiB --num 1 --path $pool --page-size "$1"; }

# From, to, and what the kernel calls that.
for sizes in "2MiB 1GiB 1024M" "1GiB 2MiB 2M"; do
    # shellcheck disable=SC2086
    set -- $sizes
    setup "$1"
    setup "$2" 2>/tmp/said && fail "pages of $1 became others" || [ $? = 2 ] || fail "setup: $(cat /tmp/said)"
    advice=$(sed -n 's/.* type: sudo \(hugepagectl remove .*\), and run this again.*/\1/p' /tmp/said)
    [ "$advice" ] || fail "no advice: $(cat /tmp/said)"
    sh -c "${ctl%/*}/$advice"
    setup "$2"
    grep -q "^hugepagectl $pool hugetlbfs .*pagesize=$3" /proc/mounts || fail "no pages of $2: $(cat /proc/mounts)"
    "$ctl" verify --path $pool
    [ "$(ls $pool/numa_0 $pool/numa_1 | grep -c GiB)" = 2 ] || fail "not all files: $(ls $pool/*)"
    "$ctl" remove --all
    expect_as_before
done
