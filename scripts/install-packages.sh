#!/usr/bin/env bash
# Installs what building, testing and the demo need and this machine lacks, from the distribution's own packages
# (Debian 12, Ubuntu 24.04). Does nothing, and asks for nothing, if all is there.
#
#   scripts/install-packages.sh build|fast|full|nightly|check|tidy|fuzz|package|bench|sealer
#
# fast, full, nightly: what these tiers of tests need (scripts/test.sh)
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
[[ $(dpkg --print-architecture) == arm64 ]] || nightly+=(g++-aarch64-linux-gnu qemu-user googletest)
nightly=("${full[@]}" "${nightly[@]}")
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
check=("${fast[@]}" clang-format cppcheck)
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
    *) echo "usage: $0 build|fast|full|nightly|check|tidy|fuzz|package|bench|sealer" >&2; exit 2 ;;
esac

missing_of() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed* ]] || echo "$package"
    done
}
mapfile -t missing < <(missing_of "${wanted[@]}")
mapfile -t missing_peers < <([[ $1 != bench ]] || missing_of "${peers[@]}")
fetch_crates() { [[ $1 != sealer ]] || "$(dirname "$0")/build-sealer.sh" fetch; }
((${#missing[@]} + ${#missing_peers[@]} > 0)) || { fetch_crates "$1"; exit; }

as_root=()
if ((EUID != 0)); then
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
fetch_crates "$1"
