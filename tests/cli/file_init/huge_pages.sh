# Reserving huge pages of 2 MiB for a while.
# shellcheck shell=bash disable=SC2154,SC2016  # set by, or for, the other files

# Without surplus pages, which go by themselves when they are no longer in use.
pages_asked_for() {
    echo $(($(cat "$1") - $(cat "${1%/*}/surplus_hugepages")))
}

# Adds so many pages to the first node's, or skips the test. From now on a guardian waits for the end of this process
# and all that it starts (which hold a pipe open), takes the pages away again, and removes $FILE_INIT_TEST_DIR. It is
# no child of anybody, so that who kills the test with all its children does not find it.
hold_pages() {
    local node counter before after
    [ "$(id -u)" -eq 0 ] || { rmdir "$FILE_INIT_TEST_DIR"; skip "needs root, to reserve huge pages and to mount"; }
    unshare --mount --propagation unchanged true || { rmdir "$FILE_INIT_TEST_DIR"; skip "needs a mount namespace of its own"; }
    node=$(first_node)
    counter=/sys/devices/system/node/node$node/hugepages/hugepages-2048kB/nr_hugepages
    [ -w "$counter" ] || { rmdir "$FILE_INIT_TEST_DIR"; skip "needs huge pages of 2 MiB on node $node"; }
    exec {reading}<"$counter"
    flock -w 10 "$reading" || true
    before=$(pages_asked_for "$counter")
    echo $((before + $1)) >"$counter"
    after=$(pages_asked_for "$counter")
    exec {reading}<&-
    exec {lifeline}> >(exec setsid --fork bash -c '
        trap "" HUP INT TERM
        cat >/dev/null
        exec {reading}<"$1"
        flock -w 10 "$reading" || true
        echo $(($(cat "$1") - $(cat "${1%/*}/surplus_hugepages") - $2)) >"$1"
        rm -rf --one-file-system "$3"' guardian "$counter" $((after - before)) "$FILE_INIT_TEST_DIR" \
        >/dev/null 2>&1)
    if [ $((after - before)) -lt "$1" ]; then
        let_pages_go
        skip "needs $1 huge pages of 2 MiB on node $node, got $((after - before))"
    fi
}

# Private, so that no mount is seen outside; but the root of a chroot that is no mount point can't be made so.
mount_propagation() {
    if unshare --mount --propagation private true 2>/dev/null; then echo private; else echo unchanged; fi
}

# Returns when the guardian has done its work; the folder goes last.
let_pages_go() {
    local tries=1000
    exec {lifeline}>&-
    while [ -e "$FILE_INIT_TEST_DIR" ] && [ "$tries" -gt 0 ]; do
        tries=$((tries - 1))
        sleep 0.02
    done
}
