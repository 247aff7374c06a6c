#!/usr/bin/env bash
# The commands of README.md and docs/install.md that build, show, install and remove it from source, as they stand there, and whether what they
# install works. In a mount namespace of its own, with a /usr/local and an /etc that end with it.
#
#   tests/docs/install.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
    echo "install: $*" >&2
    exit 1
}

if [[ ${1:-} != inside ]]; then
    ((EUID == 0)) || { echo "skipped: only root installs"; exit 77; }
    exec unshare --mount --propagation private bash "$0" inside
fi

# Both documents have the first two.
mapfile -t commands < <(awk -v by=docs.Install -f tests/docs/commands.awk README.md docs/install.md | awk '!seen[$0]++')
((${#commands[@]} == 3)) || fail "not three commands to build, install and remove it: ${commands[*]}"

said=$(bash -c "${commands[0]}") || fail "${commands[0]}: $said"
for words in 'Labels   right' 'Served   both buffers' 'what the CPU could do'; do
    grep -qF "$words" <<<"$said" || fail "${commands[0]} doesn't end with '$words': $said"
done

own=$(mktemp -d)
mount -t tmpfs none "$own"
mkdir "$own/bin"
cp -a /etc "$own/etc"
printf '#!/bin/sh\nexec "$@"\n' >"$own/bin/sudo"
chmod +x "$own/bin/sudo"
mount --bind "$own/etc" /etc
mount -t tmpfs none /usr/local
mount -t tmpfs none /var/cache/ldconfig
PATH=$own/bin:$PATH bash -c "${commands[1]}" >/dev/null || fail "${commands[1]}"

for program in hugepagectl hugepage-file-init pc1-label; do
    "/usr/local/bin/$program" --version >/dev/null || fail "$program isn't installed"
done
for library in libhugepage_shim.so libhugepage_shim_heap.so; do
    LD_PRELOAD=$library cat /proc/self/maps | grep -q "/usr/local/lib.*/$library" || fail "the loader doesn't find $library"
done
/usr/local/bin/hugepagectl run --files-path /nowhere -- cat /proc/self/maps 2>/dev/null | grep -q '/usr/local/lib.*/libhugepage_shim_heap.so' ||
    fail "hugepagectl run doesn't find its library"

PATH=$own/bin:$PATH bash -c "${commands[2]}" || fail "${commands[2]}"
left=$(find /usr/local ! -type d)
[[ -z $left ]] || fail "${commands[2]} leaves: $left"
