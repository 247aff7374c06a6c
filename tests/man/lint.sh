#!/usr/bin/env bash
# mandoc finds nothing wrong with a page but the empty paragraphs that scdoc always makes.
set -euo pipefail
! mandoc -Tlint -Wwarning "$1" | grep -v 'WARNING: skipping paragraph macro'
