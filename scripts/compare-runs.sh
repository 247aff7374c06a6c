#!/usr/bin/env bash
# What changed between two runs of scripts/bench.sh, row by row, and what is only noise.
#
#   scripts/compare-runs.sh BEFORE AFTER [--all] [--json] [--fail-if-slower PERCENT]
#
# BEFORE and AFTER are folders that bench.sh wrote, or run.json files.
#   --all                      shows all rows, also those without a change
#   --json                     the same for programs
#   --fail-if-slower PERCENT   exit status 4 if a row of ours is slower by more than that, and it isn't noise
#
# A row's interval comes from the spread of its values (bootstrap of the ratio of the medians), from that of its group, and from
# how far the rows of what isn't ours differ between the two runs. Intervals are wide enough to hold for all rows together
# (Bonferroni). Runs of different machines are compared with a warning. Exit status 0, but for wrong usage (2) and the above.
set -euo pipefail
case ${1:-} in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
project=$(cd "$(dirname "$0")/.." && pwd)
exec env "PYTHONPATH=$project/bench" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m suite.compare "$@"
