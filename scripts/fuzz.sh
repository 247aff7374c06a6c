#!/usr/bin/env bash
# Fuzzes the parsers of outside text and of program files, the table of regions, and mapping calls on served memory: builds
# tests/fuzz by clang with libFuzzer, ASan and UBSan, and runs the targets, one per CPU at a time.
#
#   scripts/fuzz.sh [SECONDS] [TARGET...]      SECONDS for each target (60); TARGETs as in tests/fuzz (all)
#
# Starts from tests/fuzz/corpus and from the inputs that earlier runs found, which are kept in build/fuzz/corpus. An input on
# which a target fails is kept in build/fuzz/failures, and the command that runs it again is printed. Ordinary builds replay
# tests/fuzz/corpus as tests: when the fault is mended, add that input there.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60
case "${1:-}" in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    [0-9]*) seconds=$1; shift ;;
esac
targets=("$@")
if ((${#targets[@]} == 0)); then
    for folder in tests/fuzz/corpus/*; do targets+=("$(basename "$folder")"); done
fi
for target in "${targets[@]}"; do
    [[ -d tests/fuzz/corpus/$target ]] || { echo "fuzz: no target $target; see tests/fuzz/corpus" >&2; exit 2; }
done

scripts/install-packages.sh fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz

fuzz_one() {
    local target=$1 seconds=$2 home=build/fuzz log statistics
    log=$home/$target.log
    mkdir -p "$home/corpus/$target" "$home/failures"
    if ! "$home/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$home/failures/$target-" "$home/corpus/$target" "tests/fuzz/corpus/$target" &>"$log"; then
        grep -aE '^does not hold|ERROR|runtime error|^ +#[0-9]+ .*/(shim|tests|tools)/' "$log" | head -20 || tail -20 "$log"
        echo "fuzz: $target FAILED; again: $(sed -n "s,.*Test unit written to ,$home/tests/fuzz/fuzz_$target ,p" "$log")"
        return 1
    fi
    statistics=$(sed -nE 's/^stat::(number_of_executed_units|average_exec_per_sec): *//p' "$log" | xargs)
    echo "fuzz: $target: runs, runs per second: $statistics"
}
export -f fuzz_one
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one {} '"$seconds" ||
    { echo "fuzz: failed" >&2; exit 1; }
