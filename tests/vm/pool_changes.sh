#!/bin/sh
# A pool that changes, on a machine with two nodes: planned, made, more files and fewer, another user, removed; and then nothing is left.
#   pool_changes.sh HUGEPAGECTL GUARDIAN
set -eu
ctl=$1 guardian=$2
. "${0%/*}/functions.sh"

setup() { "$ctl" setup --size 16MiB --page-size 2MiB --path $pool --node "$@"; }
expect_pages() { [ "$(of_node 0) $(of_node 1), $(of_node 1 free) free" = "$1" ] || fail "pages after $2: $(of_node 0) $(of_node 1), $(of_node 1 free) free"; }
owners() { ls -ln $pool/numa_0 $pool/numa_1 | awk '/MiB/ { print $3 }' | sort -u; }

# Of the tests' own guardian: a shortage, which only a small machine of one's own can bear, is said and undone.
has "$("$guardian" --pages 2097152 100000 1 </dev/null)" "asked for 100000 huge pages of 2048 KiB on node 1, got "
[ "$(state)" = "$before" ] || fail "the guardian gave not everything back: $(state), before: $before"

"$ctl" plan --sector 16MiB --parallel 22 --page-size 2MiB --path $pool
setup 0:2,1:20
"$ctl" status --path $pool
expect_pages "64 160, 0 free" "20 files on node 1"

# More files on node 1, of added pages, and fewer again, by number and by name. The files that stay fill the pages that setup has added; so
# those of the others are free, as they were before setup, and no more is given back.
setup 1:23
expect_pages "64 184, 0 free" "three more"
"$ctl" remove --num 2 --node 1
"$ctl" remove $pool/numa_1/16.0_MiB_20
expect_pages "64 184, 24 free" "three fewer"
[ "$(ls $pool/numa_1 | wc -l) $(ls $pool/numa_0 | wc -l)" = "20 2" ] || fail "not the files: $(ls $pool/*)"

# Another user: all files are made anew, of the same pages, and what comes later is that user's too.
setup 0:2,1:20 --user 1000
[ "$(owners)" = 1000 ] || fail "the files' owners: $(owners)"
setup 0:3
[ "$(owners)" = 1000 ] || fail "the owners of files that come later: $(owners)"
setup 0:3,1:20 --user root
[ "$(owners)" = 0 ] || fail "the files' owners: $(owners)"
expect_pages "64 184, 24 free" "changes of user"
"$ctl" verify --path $pool

"$ctl" remove --all
expect_as_before
