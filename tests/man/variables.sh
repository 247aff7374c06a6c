#!/usr/bin/env bash
# The variables that the shim reads are those that hugepage-shim(7) tells of; and docs/reference.md is made of the pages as they are, which are built in $2.
set -euo pipefail
cd "$1"
read_by_shim=$(grep -oE '"HUGEPAGE_[A-Z_]+"' shim/base/config.cpp | tr -d '"' | sort -u)
in_page=$(sed -n '/^# ENVIRONMENT/,/^# REASONS/s/^\*\(HUGEPAGE_[A-Z_]*\)\*$/\1/p' tools/man/hugepage-shim.7.scd | sort -u)
in_chinese=$(sed -nE 's/^\| `(HUGEPAGE_[A-Z_]+)` \|.*/\1/p' docs/zh/reference.md | sort -u)
[[ $(wc -l <<<"$read_by_shim") -ge 14 ]] || { echo "only found: $read_by_shim" >&2; exit 1; }
diff <(echo "$read_by_shim") <(echo "$in_page")
diff <(echo "$read_by_shim") <(echo "$in_chinese")
diff docs/reference.md <(/usr/bin/python3 tools/man/reference.py "$2") || { echo "type: tools/man/reference.py $2 >docs/reference.md" >&2; exit 1; }
