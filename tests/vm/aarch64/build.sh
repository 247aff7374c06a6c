#!/usr/bin/env bash
# Builds for aarch64 what the tests here try.
#
#   build.sh FOLDER [CMAKE ARGUMENTS]
set -euo pipefail
cd "$(dirname "$0")/../../.."
folder=$1
shift
cmake --preset aarch64 -B "$folder" "$@"
exec cmake --build "$folder" --parallel "$(nproc)" --target tests_aarch64
