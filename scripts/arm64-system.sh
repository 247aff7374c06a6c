#!/usr/bin/env bash
# What building for arm64 takes, and what a machine of that kind runs (scripts/numa-vm.sh --arch aarch64): the distribution's own packages
# for arm64, unpacked to a folder. Nothing is installed, and root isn't needed. Prints the folder, in which there are
#
#   system/             libraries with their headers, and programs; a compiler takes it as --sysroot
#   dpkg/               dpkg's records of these packages, by which dpkg-shlibdeps finds out what a package needs
#   kernel-4K, -16K     kernels with pages of that size (Debian 13 has the one of 16 KiB)
#
# It is kept for a week in ${XDG_CACHE_HOME:-~/.cache}/hugepage-shim, for all checkouts.
set -euo pipefail
. "$(dirname "$(realpath "$0")")/base-system.sh"
case ${1:-} in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac

wanted=(libc6-dev libnuma-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libmount-dev libsmartcols-dev libgtest-dev libgmock-dev libbenchmark-dev
    busybox-static numactl util-linux coreutils)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/hugepage-shim/arm64-$(cksum <"$0" | cut -d' ' -f1)
mkdir -p "$folder"
exec 9>"$folder.lock"
flock 9
if [[ -n $(find "$folder/made" -mtime -7 2>/dev/null) ]]; then
    echo "$folder"
    exit
fi
. /etc/os-release
[[ $ID == debian ]] || { echo "arm64-system: needs Debian, whose mirrors have arm64 beside amd64; this is $PRETTY_NAME" >&2; exit 1; }

rm -rf "$folder"
mkdir -p "$folder"/{apt/etc/{apt.conf.d,preferences.d},apt/state/lists/partial,apt/cache/archives/partial,system}
cd "$folder"
: >apt/status
mirror=$(mirror_of "$VERSION_CODENAME")
for release in $(printf '%s\n' "$VERSION_CODENAME" trixie | uniq); do
    echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main"
done >apt/etc/sources.list
cat >apt/conf <<END
APT::Architecture "arm64"; APT::Architectures { "arm64"; };
APT::Default-Release "$VERSION_CODENAME"; APT::Install-Recommends "false";
Dir::State "$folder/apt/state"; Dir::State::status "$folder/apt/status"; Dir::Cache "$folder/apt/cache"; Dir::Etc "$folder/apt/etc";
END
export APT_CONFIG=$folder/apt/conf
as_told() { "$@" >apt/log 2>&1 || { cat apt/log >&2; echo "arm64-system: failed: $*" >&2; return 1; }; }
as_told apt-get update
as_told apt-get -y --download-only install "${wanted[@]}"
mkdir -p dpkg/{info,updates}
echo 1 >dpkg/info/format
for package in apt/cache/archives/*.deb; do
    dpkg-deb --extract "$package" system
    { dpkg-deb --field "$package" && printf 'Status: install ok installed\n\n'; } >>dpkg/status
    name=$(dpkg-deb --field "$package" Package)
    [[ $(dpkg-deb --field "$package" Multi-Arch) != same ]] || name+=:arm64
    dpkg-deb --fsys-tarfile "$package" | tar -t | sed -E "s|^\\./(lib/)|./usr/\\1|; s|^\\.|$folder/system|; s|/\$||" >"dpkg/info/$name.list"
    dpkg-deb --control "$package" control
    for file in shlibs symbols; do [[ ! -e control/$file ]] || mv "control/$file" "dpkg/info/$name.$file"; done
    rm -r control
done
# As on a system that is installed: packages have files in either place.
for name in bin sbin lib; do
    cp -a --no-clobber "system/$name/." "system/usr/$name/"
    rm -rf "system/${name:?}"
    ln -s "usr/$name" "system/$name"
done
# Links that begin at the root lead out of the folder.
find system -type l -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r link to; do ln -sfrT "system$to" "$link"; done

# The newest kernel whose name fits, without what it depends on: a machine gets its files as an initramfs.
kernel() {
    local name
    name=$(apt-cache search --names-only "$2" | cut -d' ' -f1 | sort -V | tail -1)
    [[ -n $name ]] || { echo "arm64-system: no package with a kernel of pages of $1" >&2; return 1; }
    mkdir "kernel-$1.files"
    as_told apt-get download "$name"
    dpkg-deb --fsys-tarfile "$name"_*.deb | tar -C "kernel-$1.files" -x ./boot
    mv "kernel-$1.files"/boot/vmlinuz-* "kernel-$1"
    rm -rf "kernel-$1.files" "$name"_*.deb
}
kernel 4K '^linux-image-[0-9.]+-[0-9]+-cloud-arm64$'
kernel 16K '^linux-image-.*-arm64-16k$'
rm -rf apt
touch made
echo "$folder"
