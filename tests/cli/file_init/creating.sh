# What it creates, what it keeps, and what it says of it.
# shellcheck shell=bash disable=SC2154,SC2034,SC2164  # set by, or for, the other files
pages=16

node=$(first_node)

case_creates_files_that_are_right() {
    expect_success --node "$node" --num 2 --size 4MiB --path "$mnt/p"
    expect_equal "$out" "Created hugepage memory files:
$mnt/p/numa_$node/4.0_MiB_0
$mnt/p/numa_$node/4.0_MiB_1"
    expect_equal "$(ls -A "$mnt/p/numa_$node")" $'4.0_MiB_0\n4.0_MiB_1'
    for i in 0 1; do
        expect_complete "$mnt/p/numa_$node/4.0_MiB_$i" 4194304
        expect_equal "$(stat -c '%a %u %g %h' "$mnt/p/numa_$node/4.0_MiB_$i")" "600 $(id -u) $(id -g) 1"
    done
    expect_pages_left $((pages - 4))
}

case_all_pages_are_on_the_node() {
    command -v python3 >/dev/null || skip "needs python3"
    expect_success --node "$node" --size 32MiB --path "$mnt"
    python3 - "$mnt/numa_$node/32.0_MiB_0" >"$dir/nodes" <<'PYTHON'
import mmap, re, sys
with open(sys.argv[1], "r+b") as file:
    memory = mmap.mmap(file.fileno(), 0)
    sum(memory[at] for at in range(0, len(memory), 1 << 21))
    for line in open("/proc/self/numa_maps"):
        if sys.argv[1] in line:
            print(*re.findall(r"\bN\d+=\d+", line))
PYTHON
    expect_equal "$(cat "$dir/nodes")" "N$node=16"
}

case_a_second_run_keeps_all() {
    local before
    expect_success -n "$node" -c 2 -s 4MiB --path "$mnt"
    before=$(state_of "$mnt")
    expect_success -n "$node" -c 2 -s 4MiB --path "$mnt"
    expect_equal "$out" "Kept hugepage memory files (already right):
$mnt/numa_$node/4.0_MiB_0
$mnt/numa_$node/4.0_MiB_1"
    expect_equal "$(state_of "$mnt")" "$before"
}

case_adds_to_what_is_there() {
    local before
    expect_success -n "$node" -c 1 -s 4MiB --path "$mnt"
    before=$(stat -c '%i %y' "$mnt/numa_$node/4.0_MiB_0")
    expect_success -n "$node" -c 3 -s 4MiB --path "$mnt"
    expect_equal "$out" "Created hugepage memory files:
$mnt/numa_$node/4.0_MiB_1
$mnt/numa_$node/4.0_MiB_2
Kept hugepage memory files (already right):
$mnt/numa_$node/4.0_MiB_0"
    expect_equal "$(stat -c '%i %y' "$mnt/numa_$node/4.0_MiB_0")" "$before"
    expect_pages_left $((pages - 6))
}

case_keeps_a_file_that_is_in_use() {
    expect_success -n "$node" -s 4MiB --path "$mnt"
    exec {lease}<"$mnt/numa_$node/4.0_MiB_0"
    flock -x -n "$lease"
    expect_success -n "$node" -s 4MiB --path "$mnt"
    [[ $out == Kept* ]] || fail "$out"
}

case_needs_no_pages_to_keep() {
    expect_success -n "$node" -s $((pages * 2))MiB --path "$mnt"
    expect_pages_left 0
    expect_success -n "$node" -s $((pages * 2))MiB --path "$mnt"
    [[ $out == Kept* ]] || fail "$out"
}

case_umask_does_not_matter() {
    umask 0777
    run -n "$node" -s 4MiB --path "$mnt/a/b" --mode 0640
    umask 0022
    expect_equal "$status" 0
    expect_equal "$(stat -c %a "$mnt/a" "$mnt/a/b" "$mnt/a/b/numa_$node" "$mnt/a/b/numa_$node/4.0_MiB_0")" \
        $'755\n755\n755\n640'
}

case_gives_files_to_whom_they_are_meant_for() {
    expect_success -n "$node" -s 4MiB --path "$mnt" --user 12345 --group 23456 --mode 0660
    expect_equal "$(stat -c '%a %u %g' "$mnt/numa_$node/4.0_MiB_0")" "660 12345 23456"
    expect_equal "$(stat -c '%a %u %g' "$mnt/numa_$node")" "755 $(id -u) $(id -g)"
    expect_success -n "$node" -s 4MiB --path "$mnt" --user 12345 --group 23456 --mode 660
    [[ $out == Kept* ]] || fail "$out"
    rm "$mnt/numa_$node/4.0_MiB_0"
    expect_success -n "$node" -s 4MiB --path "$mnt" --user nobody
    expect_equal "$(stat -c '%a %U' "$mnt/numa_$node/4.0_MiB_0")" "600 nobody"
}

case_a_mode_that_the_shim_refuses_is_refused() {
    expect_refusal 2 "the shim refuses files with permissions for others" -n "$node" -s 4MiB --path "$mnt" --mode 0664
    expect_empty "$mnt"
}

case_pattern_wins_over_path() {
    expect_success -n "$node" -s 4MiB --path "$mnt/p" --path_pattern "$mnt/q/\$NUMA_NODE_INDEX/x"
    expect_equal "$out" "Created hugepage memory files:
$mnt/q/$node/x/4.0_MiB_0"
    expect_equal "$(ls -A "$mnt")" q
}

case_every_spelling_is_the_same() {
    local n c s p
    expect_success -n "$node" -c 2 -s 4MiB --path "$mnt"
    for n in "-n $node" "--node $node" "--node=$node" "--numa_node_index $node" "--numa_node_index=$node"; do
        for c in "-c 2" "--num=2" "--number_of_files 2"; do
            for s in "-s 4MiB" "--size 4mib" "--size=4194304" "--size=4096KiB"; do
                for p in "--path $mnt" "--path=$mnt/" "--path_pattern $mnt/numa_\$NUMA_NODE_INDEX" \
                    "--path-pattern=$mnt/numa_\$NUMA_NODE_INDEX/*"; do
                    # shellcheck disable=SC2086  # each is an option and its value
                    set -f && expect_success store hugepage-file-init $n $c $s $p && set +f
                    [[ $out == Kept*"/4.0_MiB_0"*"/4.0_MiB_1" ]] || fail "$n $c $s $p: $out"
                done
            done
        done
    done
}

case_paths_may_be_relative_and_odd() {
    mkdir "$mnt/a [b]+ \$c"
    cd "$mnt/a [b]+ \$c"
    expect_success -n "$node" -s 4MiB --path .
    expect_equal "$out" "Created hugepage memory files:
$mnt/a [b]+ \$c/numa_$node/4.0_MiB_0"
    expect_success -n "$node" -s 4MiB --path "$mnt//a [b]+ \$c/"
    expect_equal "$out" "Kept hugepage memory files (already right):
$mnt/a [b]+ \$c/numa_$node/4.0_MiB_0"
}

case_any_number_of_threads_will_do() {
    for threads in 1 2 7 64; do
        expect_success -n "$node" -c 2 -s 4MiB --path "$mnt/$threads" --threads "$threads"
        expect_complete "$mnt/$threads/numa_$node/4.0_MiB_1" 4194304
    done
}

case_pages_that_the_mount_holds_back_can_be_had() {
    local own=$dir/own
    umount "$mnt"
    mkdir "$own"
    mount -t hugetlbfs -o "pagesize=2M,min_size=$((pages * 2))M" none "$own" || skip "the pages are taken"
    expect_success -n "$node" -s $((pages * 2))MiB --path "$own"
}

case_progress_is_for_terminals_only() {
    TERM=xterm expect_success -n "$node" -s 4MiB --path "$mnt/a"
    command -v script >/dev/null || skip "needs script(1)"
    [ -e /dev/pts/ptmx ] || skip "needs pseudoterminals: mount devpts at /dev/pts"
    TERM=xterm script -qec "'$tool' -n $node -s 4MiB --path '$mnt/b'" /dev/null >"$dir/seen" </dev/null
    grep -q "node $node: 1 file of 4.0 MiB" "$dir/seen" || fail "no progress on a terminal: $(cat "$dir/seen")"
}
