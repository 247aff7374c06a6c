#!/bin/sh
# What `pc1-label compare` measures there: on each node, in ordinary pages and in files of each size that the sector is a whole number of.
# How long it takes there means nothing.
#   compare.sh PC1-LABEL BASE_PAGE
set -eu
pc1_label=$1 base_page=$2

fail() { echo "compare: $*; all of it:" >&2; cat /tmp/report /tmp/errors >&2; exit 1; }
mkdir -p /run
pages() { cat /sys/kernel/mm/hugepages/*/nr_hugepages | tr '\n' ' '; }
before=$(pages)
taskset 1 "$pc1_label" compare --sector 16MiB --minutes 0.01 --path single-core --json >/tmp/report 2>/tmp/errors || fail "failed"
[ "$(pages)" = "$before" ] || fail "pages $(pages), before $before"
[ ! -e /run/hugepage-compare ] || fail "its pools are still there"

# A row a line: memory, node, and what else it has.
tr -d '\n' </tmp/report | sed 's/.*"rows": *\[//; s/} *,* */}\n/g' | grep '"memory"' >/tmp/rows
row() { grep "\"memory\": \"$1\"" /tmp/rows | grep "\"node\": $2[,}]" || fail "no row '$1' on node $2"; }
measured() {
    case $(row "$1" "$2") in
        *'"rounds_ns"'*) echo "$1, node $2: measured" ;;
        *) fail "left out: $(row "$1" "$2")" ;;
    esac
}
grep -q '"near_node": 0' /tmp/report || fail "the near node is not 0"
grep -q '"far_node": 1' /tmp/report || fail "the far node is not 1"
for node in 0 1; do
    measured "$base_page pages" $node
    measured "$base_page, page-aligned" $node
    row "transparent huge" $node >/tmp/row
    row "page-aligned THP" $node >/tmp/row
    sizes=0
    for folder in /sys/kernel/mm/hugepages/hugepages-*kB; do
        kib=${folder##*-}
        kib=${kib%kB}
        [ "$kib" -le 16384 ] || continue
        if [ "$kib" -lt 1024 ]; then size="$kib KiB"; else size="$((kib / 1024)) MiB"; fi
        measured "shim, $size pages" $node
        sizes=$((sizes + 1))
    done
    [ $sizes -ge 1 ] || fail "no size of huge pages"
done
