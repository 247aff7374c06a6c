#!/usr/bin/env bash
# Installs what building, testing and the demo need and this machine lacks, from the distribution's own packages
# (Debian 12, Ubuntu 24.04). Does nothing, and asks for nothing, if all is there.
#
#   scripts/install-packages.sh build|fast|full|nightly|check|tidy|fuzz|package|bench|sealer|monitoring
#
# fast, full, nightly: what these tiers of tests need (scripts/test.sh)
# monitoring: what tests/monitoring needs; in full and nightly, too
# sealer: what scripts/build-sealer.sh needs, with the crates and, where the distribution's Rust is too old, another one
set -euo pipefail
. "$(dirname "$0")/rust.sh"

build=(cmake ninja-build g++ libnuma-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libmount-dev
    libsmartcols-dev scdoc)
package=(git dpkg-dev)
fast=("${build[@]}" ccache libgtest-dev libgmock-dev libbenchmark-dev binutils util-linux git python3)
full=("${fast[@]}" valgrind mandoc bash-completion zsh fish)
# For tests/deploy, tests/bench and tests/package.
full+=(ansible-core python3-kubernetes python3-matplotlib "${package[@]}" lintian rpm cpio)
# What tests/clients tries the shim with.
full+=(cargo rustc librust-memmap2-dev librust-libc-dev golang-go nodejs libjemalloc2 libmimalloc2.0)
nightly=(default-jdk-headless stress-ng)
# A fresh system, and one that boots.
nightly+=(debootstrap debian-archive-keyring systemd e2fsprogs zstd)
# To test on machines with several nodes (scripts/numa-vm.sh), and a kernel for those where there is none.
if [[ $(dpkg --print-architecture) == amd64 ]]; then
    full+=(qemu-system-x86 busybox-static cpio numactl)
    if ! compgen -G '/boot/vmlinuz-*' >/dev/null; then
        if grep -q '^ID=ubuntu' /etc/os-release; then full+=(linux-image-virtual); else full+=(linux-image-cloud-amd64); fi
    fi
fi
# To test for aarch64 on another machine.
[[ $(dpkg --print-architecture) == arm64 ]] || nightly+=(g++-aarch64-linux-gnu qemu-user qemu-system-arm)
nightly=("${full[@]}" "${nightly[@]}")
monitoring=(python3)
# Daemons that tests/monitoring starts. They are unpacked in build/monitoring: installed, they would start now and at each boot.
daemons=(prometheus prometheus-node-exporter mtail)
bench=(libbenchmark-dev python3 python3-matplotlib util-linux git)
# What the shim is measured beside. Not every system has them; what can't be had is left out of the table, which says so.
peers=(libhugetlbfs-bin libhugetlbfs0 libhugetlbfs-dev libmimalloc2.0)
fuzz=(cmake ninja-build g++ clang libclang-rt-dev)
sealer=(g++ libhwloc-dev pkg-config)
if [[ ${1:-} == sealer ]] && ! find_rust 2>/dev/null; then
    # Too old itself on Debian 12; but what another one needs comes with it.
    sealer+=(cargo rustc)
    # Ubuntu has several, side by side.
    newest=$(apt-cache pkgnames cargo-1. | sort -V | tail -1)
    [[ -z $newest ]] || sealer+=("$newest" "${newest/cargo/rustc}")
fi
check=("${fast[@]}" clang libclang-rt-dev clang-format cppcheck codespell ruby-mdl)
tidy=("${fast[@]}" clang-tidy)

case "${1:-}" in
    build) wanted=("${build[@]}") ;;
    fast) wanted=("${fast[@]}") ;;
    full) wanted=("${full[@]}") ;;
    nightly) wanted=("${nightly[@]}") ;;
    check) wanted=("${check[@]}") ;;
    tidy) wanted=("${tidy[@]}") ;;
    fuzz) wanted=("${fuzz[@]}") ;;
    package) wanted=("${build[@]}" "${package[@]}") ;;
    bench) wanted=("${build[@]}" "${bench[@]}") ;;
    sealer) wanted=("${sealer[@]}") ;;
    monitoring) wanted=("${monitoring[@]}") ;;
    *) echo "usage: $0 build|fast|full|nightly|check|tidy|fuzz|package|bench|sealer|monitoring" >&2; exit 2 ;;
esac

missing_of() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed* ]] || echo "$package"
    done
}
mapfile -t missing < <(missing_of "${wanted[@]}")
mapfile -t missing_peers < <([[ $1 != bench ]] || missing_of "${peers[@]}")
unpacked=$(dirname "$0")/../build/monitoring
to_unpack=()
case $1 in full | nightly | monitoring)
    for daemon in "${daemons[@]}"; do
        command -v "$daemon" >/dev/null || [[ -x $unpacked/usr/bin/$daemon ]] || to_unpack+=("$daemon")
    done ;;
esac
fetch_crates() { [[ $1 != sealer ]] || "$(dirname "$0")/build-sealer.sh" fetch; }
((${#missing[@]} + ${#missing_peers[@]} + ${#to_unpack[@]} > 0)) || { fetch_crates "$1"; exit; }

as_root=()
if ((EUID != 0 && ${#missing[@]} + ${#missing_peers[@]} > 0)); then
    if ! command -v sudo >/dev/null; then
        ((${#missing[@]} > 0)) || { echo "$0: not installed, takes root: ${missing_peers[*]}" >&2; exit 0; }
        echo "$0: missing packages: ${missing[*]}; install them as root" >&2
        exit 5
    fi
    echo "sudo: to install packages: ${missing[*]} ${missing_peers[*]}"
    as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists of a fresh system are empty or old: then fetch them, once, and try again.
updated=
update() { [[ -z $updated ]] && updated=yes && "${as_root[@]}" apt-get update; }
install() {
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@")
    echo "installing: $*"
    "${install[@]}" >"$log" 2>&1 || { update && "${install[@]}"; } >"$log" 2>&1
}
if ((${#missing[@]} > 0)) && ! install "${missing[@]}"; then
    cat "$log" >&2
    echo "$0: apt-get could not install: ${missing[*]}" >&2
    exit 1
fi
for package in "${missing_peers[@]}"; do
    install "$package" || echo "$0: apt-get could not install $package; it is left out" >&2
done
if ((${#to_unpack[@]} > 0)); then
    echo "unpacking in build/monitoring: ${to_unpack[*]}"
    mkdir -p "$unpacked/packages"
    download() { (cd "$unpacked/packages" && apt-get download "${to_unpack[@]}"); }
    download >"$log" 2>&1 || { update && download; } >"$log" 2>&1 ||
        { cat "$log" >&2; echo "$0: apt-get could not download: ${to_unpack[*]}" >&2; exit 1; }
    for package in "$unpacked"/packages/*.deb; do
        dpkg-deb --extract "$package" "$unpacked"
    done
    rm -r "$unpacked/packages"
fi
fetch_crates "$1"
