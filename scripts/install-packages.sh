#!/usr/bin/env bash
# Installs what building, testing and the demo need and this machine lacks, from the distribution's own packages
# (Debian 12, Ubuntu 24.04). Does nothing, and asks for nothing, if all is there.
#
#   scripts/install-packages.sh build|test|fuzz|check|package|bench
set -euo pipefail

build=(cmake ninja-build g++ libnuma-dev libhwloc-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libmount-dev
    libsmartcols-dev scdoc)
test=(ccache libgtest-dev libgmock-dev libbenchmark-dev binutils util-linux git python3 valgrind mandoc
    bash-completion zsh fish ansible-core python3-kubernetes)
# What tests/clients tries the shim with.
test+=(cargo rustc librust-memmap2-dev librust-libc-dev golang-go default-jdk-headless nodejs libjemalloc2 libmimalloc2.0
    stress-ng)
# What tests/bench makes pages and charts with.
test+=(python3-matplotlib python3-jinja2)
# To test on machines with several nodes (scripts/numa-vm.sh), and a kernel for those where there is none.
if [[ $(dpkg --print-architecture) == amd64 ]]; then
    test+=(qemu-system-x86 busybox-static cpio numactl)
    if ! compgen -G '/boot/vmlinuz-*' >/dev/null; then
        if grep -q '^ID=ubuntu' /etc/os-release; then test+=(linux-image-virtual); else test+=(linux-image-cloud-amd64); fi
    fi
fi
# To test for aarch64 on another machine.
[[ $(dpkg --print-architecture) == arm64 ]] || test+=(g++-aarch64-linux-gnu qemu-user googletest)
package=(git dpkg-dev)
# What the package is tried in: a fresh system, and one that boots.
test+=("${package[@]}" debootstrap debian-archive-keyring lintian rpm systemd e2fsprogs zstd)
bench=(libbenchmark-dev python3 python3-matplotlib python3-jinja2 util-linux git)
# What the shim is measured beside. Not every system has them; what can't be had is left out of the table, which says so.
peers=(libhugetlbfs-bin libhugetlbfs0 libhugetlbfs-dev libmimalloc2.0)
fuzz=(cmake ninja-build g++ clang libclang-rt-dev)
check=("${test[@]}" clang-format clang-tidy cppcheck)

case "${1:-}" in
    build) wanted=("${build[@]}") ;;
    test) wanted=("${build[@]}" "${test[@]}") ;;
    fuzz) wanted=("${fuzz[@]}") ;;
    bench) wanted=("${build[@]}" "${bench[@]}") ;;
    package) wanted=("${build[@]}" "${package[@]}") ;;
    check) wanted=("${build[@]}" "${check[@]}") ;;
    *) echo "usage: $0 build|test|fuzz|check|package|bench" >&2; exit 2 ;;
esac

missing_of() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || echo "$package"
    done
}
mapfile -t missing < <(missing_of "${wanted[@]}")
mapfile -t missing_peers < <([[ $1 != bench ]] || missing_of "${peers[@]}")
((${#missing[@]} + ${#missing_peers[@]} > 0)) || exit 0

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
