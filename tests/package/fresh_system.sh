#!/usr/bin/env bash
# Makes the .deb, twice, installs it in a fresh system, tries what is in it, purges it, and looks for what is left.
#
#   tests/package/fresh_system.sh [BUILD FOLDER]      build/release
#
# deb_files.sh checks what needs no fresh system. Everything happens in namespaces of its own, on a tmpfs: however this ends, mounts,
# processes and files end with it.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/base-system.sh

fail() {
    echo "fresh_system: $*" >&2
    exit 1
}

if [[ ${1:-} != inside ]]; then
    ((EUID == 0)) || { echo "skipped: only root makes a system to install into"; exit 77; }
    exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc bash "$0" inside "${1:-build/release}"
fi

# The same build gives the same package; of one time, also where there is no git.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
digests=()
for _ in first second; do
    scripts/package.sh --build "$2" deb
    packages=(build/package/*.deb)
    ((${#packages[@]} == 1)) || fail "not one package: ${packages[*]}"
    package=${packages[0]}
    digests+=("$(sha256sum <"$package")")
done
[[ ${digests[0]} == "${digests[1]}" ]] || fail "the second package differs from the first"

# So that not even an empty folder is left.
mount -t tmpfs none /mnt
export TMPDIR=/mnt
base_system build/package/base.tar
root=$(mktemp -d)
trap 'umount -R "$root" && rmdir "$root"' EXIT
unpack_system build/package/base.tar "$root"
mount --rbind --make-rslave /sys "$root/sys"
mkdir -p "$root/build/package"
cp "$package" "$root/build/package"
printf '#!/bin/sh\nexec "$@"\n' >"$root/usr/bin/sudo"
chmod +x "$root/usr/bin/sudo"

inside() { in_system "$root" "$@"; }
files() { (cd "$root" && find . -xdev \( -type f -o -type l -o -type d \) ! -path './var/*' ! -path './tmp/*' | sort); }

# What it depends on is there before, so that what is left over later is the package's own.
depends=$(dpkg-deb -f "$package" Depends | sed -E 's/ *\([^)]*\)//g; s/,//g')
# shellcheck disable=SC2086
install_in "$root" $depends
files >build/package/before
# As README.md and docs/install.md have it: install it, install it again as an upgrade does, and purge it. The package is made above.
mapfile -t commands < <(awk -v by=package.IsInstalledAndPurgedInAFreshSystem -f tests/docs/commands.awk README.md docs/install.md | grep -v '^scripts/package.sh$')
((${#commands[@]} == 4)) || fail "not four commands in the documents: ${commands[*]}"
type_in() { inside sh -c "cd / && $1" >"$root/tmp/apt" 2>&1 < <(yes) || { cat "$root/tmp/apt" >&2; fail "$1"; }; }
for command in "${commands[@]:0:3}"; do
    [[ $command == *"apt install"* ]] || fail "no apt install: $command"
    type_in "$command"
done

for program in hugepagectl hugepage-file-init pc1-label; do
    inside "$program" --help >"$root/tmp/help" || fail "$program --help fails"
    grep -q -- --help "$root/tmp/help" || fail "$program --help says nothing of itself"
done
for library in libhugepage_shim.so libhugepage_shim_heap.so; do
    said=$(inside HUGEPAGE_FILES_PATH=/nowhere LD_PRELOAD=$library /bin/true 2>&1) || fail "$library: /bin/true fails"
    [[ -z $said ]] || fail "$library: /bin/true says: $said"
    inside sh -c "LD_PRELOAD=$library cat /proc/self/maps" | grep -q "/$library" || fail "$library isn't loaded"
done
listed=$(inside dpkg -L hugepage-shim)
grep -q '^/usr/bin/hugepagectl$' <<<"$listed" || fail "dpkg lists no hugepagectl"
while read -r file; do
    [[ ! -f $root$file ]] || ! inside ldd "$file" 2>&1 </dev/null | grep 'not found' || fail "$file lacks libraries"
done < <(grep -E '^/usr/(bin|lib)/' <<<"$listed")

type_in "${commands[3]}"
files >build/package/after
diff build/package/before build/package/after || fail "this is left of the package, or gone with it"
[[ -z $(inside dpkg-query -W -f '${db:Status-Status}' hugepage-shim 2>/dev/null) ]] || fail "dpkg still knows of it"
