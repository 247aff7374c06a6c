#!/bin/sh
# Sets up, uses, shows and removes two files in pages of each size that the machine has and can hold, whatever its base page is.
#   page_sizes.sh HUGEPAGECTL LIBRARY PC1-LABEL
set -eu
ctl=$1 library=$2 pc1_label=$3
pool=/mnt/sizes/pc1

fail() { echo "page_sizes: $*" >&2; exit 1; }
has() { case $1 in *"$2"*) ;; *) fail "no '$2' in: $1" ;; esac; }
pages() { cat /sys/kernel/mm/hugepages/*/nr_hugepages | tr '\n' ' '; }

mkdir -p /run
before=$(pages)
tried=0
for folder in /sys/kernel/mm/hugepages/hugepages-*kB; do
    kib=${folder##*-}
    kib=${kib%kB}
    [ "$kib" -lt 1048576 ] || continue
    "$ctl" setup --size 64MiB --num 2 --node 1 --page-size "${kib}KiB" --path $pool >/tmp/said 2>&1 || fail "setup, $kib KiB: $(cat /tmp/said)"
    has "$("$ctl" status --path $pool --json)" "\"page_bytes\": $((kib * 1024))"
    numactl --cpunodebind=1 "$ctl" run --library "$library" --require --files-path $pool -- \
        "$pc1_label" --sector-size 64MiB --layers 1 --max-nodes 1000 >/tmp/labelled 2>/tmp/said || fail "$kib KiB: $(cat /tmp/said)"
    [ "$(grep -c "leased memory file: $pool/numa_1/" /tmp/said)" = 2 ] || fail "$kib KiB: not served: $(cat /tmp/said)"
    "$ctl" verify --path $pool >/tmp/said || fail "verify, $kib KiB: $(cat /tmp/said)"
    "$ctl" remove --all >/tmp/said 2>&1 || fail "remove, $kib KiB: $(cat /tmp/said)"
    [ "$(pages)" = "$before" ] || fail "after $kib KiB: pages $(pages), before $before"
    echo "$kib KiB: set up, served on node 1, verified, removed"
    tried=$((tried + 1))
done
[ $tried -ge 2 ] || fail "only $tried sizes tried"
