#!/usr/bin/env bash
# Shows the whole path on this machine in a few minutes: builds, makes two memory files, labels the same small sector plain
# and with the shim preloaded, shows both side by side, checks the labels, and puts everything back as it was.
#
#   scripts/demo.sh
#
# Allocating huge pages and mounting hugetlbfs takes root; as an ordinary user it asks sudo for just these, and without
# sudo it uses ordinary files on tmpfs instead, which shows everything but the huge pages.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly sector=64MiB sector_bytes=$((64 << 20)) page_bytes=$((2 << 20))
readonly pages=$((2 * sector_bytes / page_bytes))
# What the reference program gives for this sector (API version 1.1, PoRep id 05 00…, replica id 09 09…), layers 1 and 2.
readonly reference=(09cb846bafc5162d6370fc9a21238844624d6501261ba5951e2b60fd3b7f8234
    116e55d52951b0dfb823b495c6542ab2a8e35c94b427cc67b15487d5c8beb352)

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[[ -t 1 && -z ${NO_COLOR:-} ]] || say() { printf '\n%s\n' "$*"; }
die() { echo "demo: $*" >&2; exit 1; }

# --- what is changed, and its undoing ----------------------------------------------------------------------------
. scripts/guarded.sh
work=$(mktemp -d /tmp/hugepage-demo-XXXXXX)
node=$(sed 's/[-,].*//' /sys/devices/system/node/has_cpu 2>/dev/null || echo 0)

put_back() {
    local status=$?
    trap '' INT TERM HUP
    [[ -z ${lifeline:-} ]] || let_go
    rm -rf "$work"
    ((status != 130)) || echo "demo: interrupted; everything is as it was" >&2
    exit "$status"
}
trap put_back EXIT
trap 'exit 130' INT TERM HUP

# --- build -------------------------------------------------------------------------------------------------------
scripts/install-packages.sh build
say "Building"
cmake --preset release -B build/demo -DHUGEPAGE_SHIM_BUILD_TESTS=OFF \
    -DHUGEPAGE_SHIM_BUILD_BENCH=OFF >/dev/null
cmake --build build/demo
readonly shim=$PWD/build/demo/libhugepage_shim.so
readonly file_init=$PWD/build/demo/tools/file_init/hugepage-file-init
readonly pc1_label=$PWD/build/demo/tools/pc1/pc1-label

# --- two memory files --------------------------------------------------------------------------------------------
may_allocate() {
    ((EUID == 0)) && return
    command -v sudo >/dev/null || { answer="only root may allocate huge pages, and there is no sudo"; return 1; }
    echo "sudo: to allocate $pages huge pages of 2 MiB (given back at the end) and to mount hugetlbfs on a folder of ours"
    sudo -v || { answer="sudo was refused"; return 1; }
    as_root=sudo
}

pool=$work/pool
mkdir "$pool"
if may_allocate && guarded --pages "$page_bytes" "$pages" "$node" --mount "$pool" "mode=0700,uid=$(id -u),gid=$(id -g)"; then
    say "Allocated $pages huge pages of 2 MiB on node $node, mounted hugetlbfs at $pool"
    "$file_init" --node "$node" --num 2 --size "$sector" --path "$pool"
else
    say "No huge pages ($answer): using files on tmpfs, whose pages are ordinary ones"
    [[ -d /dev/shm ]] || die "there is no tmpfs at /dev/shm either"
    pool=$(mktemp -d /dev/shm/hugepage-demo-XXXXXX)
    as_root='' guarded --remove "$pool" || die "$answer"
    mkdir "$pool/numa_$node"
    for i in 0 1; do
        (umask 077 && fallocate -l "$sector_bytes" "$pool/numa_$node/64.0_MiB_$i")
        echo "$pool/numa_$node/64.0_MiB_$i"
    done
fi

# --- the same sector twice ---------------------------------------------------------------------------------------
# On the node's CPUs, as a sealer's worker is pinned.
pinned=()
cpus=$(cat "/sys/devices/system/node/node$node/cpulist" 2>/dev/null || true)
[[ -z $cpus ]] || pinned=(taskset -c "$cpus")
label() { "${pinned[@]}" "$pc1_label" --sector-size "$sector" --layers 2 --digest; }

say "Labelling a sector of $sector, plain"
label >"$work/plain"
say "Labelling it again: HUGEPAGE_FILES_PATH=$pool LD_PRELOAD=libhugepage_shim.so"
HUGEPAGE_FILES_PATH=$pool HUGEPAGE_LOG_FILE=$work/log LD_PRELOAD=$shim label >"$work/shim"

# The tables without their digests, which are compared below.
table() { echo "$1"; echo; sed '/^Layer.*SHA-256/,$d; /id  *0/d' "$2"; }
say "Side by side"
table "PLAIN" "$work/plain" >"$work/left"
table "WITH THE SHIM" "$work/shim" >"$work/right"
if [[ -t 1 ]] && (($(tput cols 2>/dev/null || echo 80) < 122)); then
    cat "$work/left" "$work/right"
else
    paste "$work/left" "$work/right" | awk -F '\t' '{ printf "%-60s | %s\n", $1, $2 }'
fi

say "What the shim said"
cat "$work/log"

digests() { grep -oE '[0-9a-f]{64}$' <(sed -n '/^Layer.*SHA-256/,$p' "$1"); }
mapfile -t plain < <(digests "$work/plain")
mapfile -t served < <(digests "$work/shim")
for layer in 0 1; do
    [[ ${plain[layer]:-} == "${reference[layer]}" ]] || die "layer $((layer + 1)), plain, is wrong: ${plain[layer]:-none}"
    [[ ${served[layer]:-} == "${reference[layer]}" ]] || die "layer $((layer + 1)) with the shim is wrong: ${served[layer]:-none}"
done
# More than twice where mlock was refused: then pc1-label, as a sealer, maps again.
if (($(grep -c 'leased memory file' "$work/log") < 2)) || grep -q 'falling back' "$work/log"; then
    die "the shim did not serve both buffers; see what it said above"
fi

# --- what a reader wants to know ---------------------------------------------------------------------------------
fact() { sed -n "s/^$1 *//p" "$2"; }
say "Everything worked"
cat <<END
Labels   right: with the shim and without, both layers equal the reference program's
Served   both buffers, by files of node $node
Pages    $(fact Pages "$work/shim") (plain: $(fact Pages "$work/plain"))
END

say "A sector of $sector is too small to show the gain. What this machine gains with a larger one, in a minute:"
${as_root:-} "$pc1_label" compare --sector 32GiB --minutes 1
say "What was changed is put back"
