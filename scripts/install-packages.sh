#!/usr/bin/env bash
# Installs what building, testing and the demo need and this machine lacks, from the distribution's own packages
# (Debian 12, Ubuntu 24.04). Does nothing, and asks for nothing, if all is there.
#
#   scripts/install-packages.sh build|test|fuzz|check|package
set -euo pipefail

build=(cmake ninja-build g++ libnuma-dev libhwloc-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libmount-dev
    libsmartcols-dev scdoc)
test=(libgtest-dev libgmock-dev libbenchmark-dev binutils util-linux git python3 valgrind mandoc
    bash-completion zsh fish ansible-core python3-kubernetes)
# What tests/clients tries the shim with.
test+=(cargo rustc librust-memmap2-dev librust-libc-dev golang-go default-jdk-headless nodejs libjemalloc2 libmimalloc2.0
    stress-ng)
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
test+=("${package[@]}" debootstrap debian-archive-keyring lintian systemd e2fsprogs zstd)
fuzz=(cmake ninja-build g++ clang libclang-rt-dev)
check=("${test[@]}" clang-format clang-tidy cppcheck)

case "${1:-}" in
    build) wanted=("${build[@]}") ;;
    test) wanted=("${build[@]}" "${test[@]}") ;;
    fuzz) wanted=("${fuzz[@]}") ;;
    package) wanted=("${build[@]}" "${package[@]}") ;;
    check) wanted=("${build[@]}" "${check[@]}") ;;
    *) echo "usage: $0 build|test|fuzz|check|package" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]} > 0)) || exit 0

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "$0: missing packages: ${missing[*]}; install them as root" >&2; exit 5; }
    echo "sudo: to install packages: ${missing[*]}"
    as_root=(sudo)
fi
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}")
echo "installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists of a fresh system are empty or old: then fetch them, and try once more.
if ! "${install[@]}" >"$log" 2>&1; then
    if ! { "${as_root[@]}" apt-get update && "${install[@]}"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "$0: apt-get could not install: ${missing[*]}" >&2
        exit 1
    fi
fi
