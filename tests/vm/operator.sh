#!/bin/sh
# An operator's day on a machine with two nodes, and what may go wrong in it: setup, a sealer on each node, a file on the wrong node, surplus pages,
# remove; and then nothing is left. documents.sh types what the documents say.
#   operator.sh FOLDER-OF-HUGEPAGECTL LIBRARY PC1-LABEL
set -eu
ctl=$1/hugepagectl library=$2 pc1_label=$3
. "${0%/*}/functions.sh"

# More than there are on node 1: setup adds what is missing there.
"$ctl" setup --size 16MiB --node 0:2,1:20 --page-size 2MiB --path $pool
[ "$(of_node 1)" = 160 ] || fail "not the pages of 20 files: $(of_node 1)"
[ "$(ls $pool/numa_0 $pool/numa_1 | grep -c MiB)" = 22 ] || fail "not all files: $(ls $pool/*)"
has "$("$ctl" setup --size 16MiB --node 0:2,1:20 --page-size 2MiB --path $pool)" 'nothing to do'

for node in 0 1; do
    numactl --cpunodebind=$node "$ctl" run --library "$library" --require --files-path $pool -- \
        "$pc1_label" --sector-size 16MiB --layers 1 --max-nodes 1000 >/tmp/labelled 2>/tmp/said || fail "$(cat /tmp/said)"
    has "$(cat /tmp/said)" "library $library (--library); pool $pool (--files-path)"
    [ "$(grep -c "leased memory file: $pool/numa_$node/" /tmp/said)" = 2 ] || fail "not served on node $node: $(cat /tmp/said)"
done

"$ctl" verify --path $pool
"$ctl" doctor --library "$library" --path $pool -- "$pc1_label"

# A sealer that may run on node 1 alone and was told to take files of node 0 is found out.
HUGEPAGE_NODE=0 numactl --cpunodebind=1 "$ctl" run --library "$library" --require --files-path $pool -- \
    "$pc1_label" --sector-size 16MiB --layers 1000 >/tmp/labelled 2>/tmp/said &
sealer=$!
until [ "$(grep -c "leased memory file: $pool/numa_0/" /tmp/said)" = 2 ]; do
    kill -0 $sealer || fail "not served on node 0: $(cat /tmp/said)"
    sleep 0.2
done
"$ctl" status --path $pool --prometheus /tmp/metrics
kill -KILL $sealer
wait $sealer || true
labels="pid=\"$sealer\",command=\"pc1-label\",size=\"16777216\""
has "$(cat /tmp/metrics)" "hugepage_shim_buffers{$labels,state=\"served\"} 2"
has "$(cat /tmp/metrics)" "hugepage_shim_misplaced_buffers{$labels} 2"

# A file of node 0 in the folder of node 1 is found out.
mv $pool/numa_0/16.0_MiB_0 $pool/numa_1/16.0_MiB_99
"$ctl" verify --path $pool >/tmp/verify && fail "verify finds nothing wrong: $(cat /tmp/verify)" || [ $? = 4 ] || fail "verify: $?"
has "$(cat /tmp/verify)" 16.0_MiB_99
"$ctl" status --path $pool --prometheus /tmp/metrics
labels="pool=\"$pool\",node=\"1\",size=\"16777216\""
has "$(cat /tmp/metrics)" "hugepage_shim_unusable_files{$labels,reason=\"misplaced\"} 1"
has "$(cat /tmp/metrics)" "hugepage_shim_misplaced_pages{$labels} 8"
mv $pool/numa_1/16.0_MiB_99 $pool/numa_0/16.0_MiB_0

"$ctl" remove --all
expect_as_before

# An older vm.nr_hugepages makes the pages of files on node 0 surplus; kernels before 6.7 would add as many to what is reserved on node 1.
was=$(cat /proc/sys/vm/nr_hugepages)
"$ctl" setup --size 64MiB --num 2 --node 0 --page-size 2MiB --path $pool
echo 0 >/proc/sys/vm/nr_hugepages
"$ctl" setup --size 64MiB --num 1 --node 1 --page-size 2MiB --path $pool
[ "$(of_node 1)" = 32 ] || fail "32 pages were asked for on node 1, and $(of_node 1) are reserved"
"$ctl" remove --all
[ "$(of_node 1)" = 0 ] || fail "$(of_node 1) pages are left on node 1"
echo "$was" >/proc/sys/vm/nr_hugepages
expect_as_before
