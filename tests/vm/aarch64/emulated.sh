#!/usr/bin/env bash
# Runs a program for aarch64 on this machine.
#
#   emulated.sh CPU COMMAND...       CPU: as qemu-aarch64 -cpu takes it
set -euo pipefail
system=$("$(dirname "$0")/../../../scripts/arm64-system.sh")/system
cpu=$1
shift
exec qemu-aarch64 -L "$system" -cpu "$cpu" "$@"
