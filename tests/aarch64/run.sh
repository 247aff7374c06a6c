#!/usr/bin/env bash
# Builds the tests of pc1's kernel for aarch64, and runs them under qemu-user. ctest calls this (CMakeLists.txt):
#
#   run.sh build FOLDER [CMAKE ARGUMENTS]
#   run.sh test FOLDER CPU [TEST ARGUMENTS]          CPU: as qemu-aarch64 -cpu takes it
#
# A missing package is a failure: scripts/install-packages.sh nightly installs them all.
set -euo pipefail
sources=$(dirname "$(realpath "$0")")/cross
action=$1 folder=$2
shift 2

missing=()
command -v aarch64-linux-gnu-g++ >/dev/null || missing+=(g++-aarch64-linux-gnu)
command -v qemu-aarch64 >/dev/null || missing+=(qemu-user)
[[ -e /usr/src/googletest/CMakeLists.txt ]] || missing+=(googletest)
if ((${#missing[@]} > 0)); then
    echo "needs packages: ${missing[*]} (scripts/install-packages.sh nightly installs them)" >&2
    exit 1
fi

case $action in
    build)
        cmake -S "$sources" -B "$folder" --toolchain "$sources/toolchain.cmake" -DCMAKE_BUILD_TYPE=Release "$@"
        exec cmake --build "$folder" --parallel 2
        ;;
    test)
        cpu=$1
        shift
        # All threads on one CPU of this machine: qemu has an x86-64 CPU run what aarch64 calls a store-release and a
        # load-acquire after it in the other order, which aarch64 never does, and then threads miss each other's signals.
        here=$(taskset --cpu-list --pid $$ | sed 's/.*: //; s/[-,].*//')
        exec taskset --cpu-list "$here" qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu "$cpu" "$folder/unit/pc1_unit_tests" "$@"
        ;;
    *)
        echo "$0: build or test, not '$action'" >&2
        exit 2
        ;;
esac
