# What the cases say things with. Each check ends the case at once, and says why, if it does not hold.
# shellcheck shell=bash disable=SC2154  # set by, or for, the other files

fail() {
    echo "FAILED: $*"
    exit 1
}

first_node() {
    sed 's/[^0-9].*//' /sys/devices/system/node/has_memory 2>/dev/null || echo 0
}

# Runs the tool; $status, $out and $err are what came of it.
run() {
    status=0
    "$tool" "$@" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
    out=$(cat "$dir/out")
    err=$(cat "$dir/err")
}

expect_equal() {
    [ "$1" = "$2" ] || fail "expected: $2"$'\n'"actual:   $1${err:+$'\n'stderr:   $err}"
}

expect_success() {
    run "$@"
    expect_equal "$status" 0
    expect_equal "$err" ""
}

# expect_refusal <status> <part of the message> <arguments>: fails with one line on stderr, and nothing on stdout.
expect_refusal() {
    local expected=$1 part=$2
    shift 2
    run "$@"
    expect_equal "$status" "$expected"
    expect_equal "$out" ""
    expect_equal "$(wc -l <"$dir/err")" 1
    [[ $err == "hugepage-file-init: "* ]] || fail "no name in front: $err"
    [[ $err == *"$part"* ]] || fail "expected: …$part…"$'\n'"actual:   $err"
    if [ "$expected" -eq 2 ]; then
        [[ $err == *"Try 'hugepage-file-init --help'." ]] || fail "no hint at --help: $err"
    fi
}

# All that is in a folder, to see whether anything has changed. (A folder's time also tells of what came and went.)
state_of() {
    find "$1" -type f -printf '%P %i %s %b %m %U %G %T@\n' -o -printf '%P %i %y %m %U %G\n' | sort
}

expect_empty() {
    expect_equal "$(ls -A "$1")" ""
}

# Complete: nothing can be missing from a file with as many blocks as bytes.
expect_complete() {
    expect_equal "$(stat -c '%F %s %b' "$1")" "regular file $2 $(($2 / 512))"
}

pages_left() {
    stat -f -c %f "$mnt"
}

# Pages return only when the last process that has them is gone, which may be after the one that was waited for.
expect_pages_left() {
    local tries=1000
    while [ "$(pages_left)" -ne "$1" ] && [ "$tries" -gt 0 ]; do
        tries=$((tries - 1))
        sleep 0.02
    done
    expect_equal "$(pages_left)" "$1"
}
