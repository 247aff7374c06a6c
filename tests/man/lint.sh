#!/usr/bin/env bash
# mandoc finds nothing wrong with a page but the empty paragraphs that scdoc always makes.
set -euo pipefail
[[ -s $1 ]] || { echo "no page: $1" >&2; exit 1; }
# mandoc's own status is of those paragraphs too.
found=$(mandoc -Tlint -Wwarning "$1" || true)
! grep -v 'WARNING: skipping paragraph macro' <<<"$found" | grep .
