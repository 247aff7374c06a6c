#!/bin/sh
# An operator's day on a machine with two nodes, and what may go wrong in it: setup, a sealer on each node, a file on the wrong node, surplus pages, remove;
# and then nothing is left. documents.sh types what the documents say.
#   operator.sh FOLDER-OF-HUGEPAGECTL LIBRARY PC1-LABEL GUARDIAN
set -eu
ctl=$1/hugepagectl library=$2 pc1_label=$3 guardian=$4
pool=/mnt/operator/pc1

fail() { echo "operator: $*" >&2; exit 1; }
has() { case $1 in *"$2"*) ;; *) fail "no '$2' in: $1" ;; esac; }
pages() { cat /sys/devices/system/node/node?/hugepages/hugepages-2048kB/nr_hugepages | tr '\n' ' '; }

mkdir -p /run
before=$(pages)
mounts=$(wc -l </proc/mounts)

# Of the tests' own guardian: a shortage, which only a small machine of one's own can bear, is said and undone.
has "$("$guardian" --pages 2097152 100000 1 </dev/null)" "asked for 100000 huge pages of 2048 KiB on node 1, got "
[ "$(pages)" = "$before" ] || fail "the guardian gave not everything back: $(pages), before: $before"

"$ctl" plan --sector 16MiB --parallel 4 --page-size 2MiB --path $pool
# More than there are on node 1: setup adds what is missing there.
"$ctl" setup --size 16MiB --node 0:2,1:20 --page-size 2MiB --path $pool
[ "$(pages)" != "$before" ] || fail "no pages were added"
[ "$(ls $pool/numa_0 $pool/numa_1 | grep -c MiB)" = 22 ] || fail "not all files: $(ls $pool/*)"
has "$("$ctl" setup --size 16MiB --node 0:2,1:20 --page-size 2MiB --path $pool)" 'nothing to do'

for node in 0 1; do
    numactl --cpunodebind=$node "$ctl" run --library "$library" --require --files-path $pool -- \
        "$pc1_label" --sector-size 16MiB --layers 1 --max-nodes 1000 >/tmp/labelled 2>/tmp/said || fail "$(cat /tmp/said)"
    has "$(cat /tmp/said)" "library $library (--library); pool $pool (--files-path)"
    [ "$(grep -c "leased memory file: $pool/numa_$node/" /tmp/said)" = 2 ] || fail "not served on node $node: $(cat /tmp/said)"
done

"$ctl" status --path $pool
"$ctl" verify --path $pool
"$ctl" doctor --library "$library" --path $pool -- "$pc1_label"

# A sealer that may run on node 1 alone and was told to take files of node 0 is found out.
HUGEPAGE_NODE=0 numactl --cpunodebind=1 "$ctl" run --library "$library" --require --files-path $pool -- \
    "$pc1_label" --sector-size 16MiB --layers 1000 >/tmp/labelled 2>/tmp/said &
sealer=$!
until [ "$(grep -c "leased memory file: $pool/numa_0/" /tmp/said)" = 2 ]; do
    kill -0 $sealer || fail "not served on node 0: $(cat /tmp/said)"
    sleep 1
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
[ "$(pages)" = "$before" ] || fail "pages: $(pages), before: $before"

# An older vm.nr_hugepages makes the pages of files on node 0 surplus; kernels before 6.7 would add as many to what is reserved on node 1.
of_node() { cat /sys/devices/system/node/node$1/hugepages/hugepages-2048kB/nr_hugepages; }
was=$(cat /proc/sys/vm/nr_hugepages)
"$ctl" setup --size 64MiB --num 2 --node 0 --page-size 2MiB --path $pool
echo 0 >/proc/sys/vm/nr_hugepages
"$ctl" setup --size 64MiB --num 1 --node 1 --page-size 2MiB --path $pool
[ "$(of_node 1)" = 32 ] || fail "32 pages were asked for on node 1, and $(of_node 1) are reserved"
"$ctl" remove --all
[ "$(of_node 1)" = 0 ] || fail "$(of_node 1) pages are left on node 1"
echo "$was" >/proc/sys/vm/nr_hugepages
before=$(pages)
[ "$(wc -l </proc/mounts)" = "$mounts" ] || fail "mounts: $(cat /proc/mounts)"
[ ! -e $pool ] || fail "$pool is there still"
[ ! -e /run/hugepage-shim/record.json ] || fail "a record is left"
