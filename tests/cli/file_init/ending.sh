# Ended in the middle, by signals, by lack of pages, by others: nothing half-made can be seen, and all pages return.
# shellcheck shell=bash disable=SC2154,SC2016,SC2034  # set by, or for, the other files
pages=512

node=$(first_node)
size=402653184 # 192 pages, so that two files take most of what there is

# In the background, where a shell would have it ignore signals otherwise.
create_two() {
    exec env --default-signal=INT,TERM,HUP "$tool" -n "$node" -c 2 -s "$size" --path "$mnt/p" >"$dir/out" 2>"$dir/err"
}

visible_files() {
    find "$mnt" -type f
}

# Every file that has a name is complete, and no page is missing but those of such files.
expect_only_complete_files() {
    local file count=0
    while read -r file; do
        expect_complete "$file" "$size"
        count=$((count + 1))
    done < <(visible_files)
    expect_pages_left $((pages - count * (size / 2097152)))
}

# Growing delays: from before it has started to after it has ended, on a machine of whatever speed.
delays() {
    awk 'BEGIN { for (i = 0; i < 40; ++i) printf "%.4f\n", 0.0005 * exp(i * 0.16) }'
}

# end_at_any_moment <signal>
end_at_any_moment() {
    local delay pid status left before=0 after=0 middle=0
    for delay in $(delays); do
        create_two &
        pid=$!
        sleep "$delay"
        left=$(pages_left)
        kill -"$1" "$pid" 2>/dev/null || true
        status=0
        wait "$pid" || status=$?
        expect_only_complete_files
        if [ "$status" -eq 0 ]; then
            after=$((after + 1))
            expect_equal "$(visible_files | wc -l)" 2
        else
            before=$((before + 1))
            [ "$left" -eq "$pages" ] || middle=$((middle + 1))
            expect_equal "$status" $((128 + $(kill -l "$1")))
            [ "$1" = KILL ] || expect_empty "$mnt"
        fi
        rm -rf "$mnt/p"
    done
    echo "ended $before times, $middle of them with pages taken; done before the signal $after times"
    [ "$middle" -gt 0 ] || fail "no signal came in the middle"
}

case_sigint_at_any_moment() {
    end_at_any_moment INT
}

case_sigterm_at_any_moment() {
    end_at_any_moment TERM
}

case_sigkill_at_any_moment() {
    end_at_any_moment KILL
}

# A signal that is waiting when the program starts comes at a known moment: when folders and files have been made.
case_an_interruption_is_told() {
    local signal
    for signal in INT TERM HUP QUIT; do
        status=0
        env --default-signal="$signal" --block-signal="$signal" \
            bash -c 'kill -"$0" $$; exec "$@"' "$signal" "$tool" -n "$node" -s "$size" --path "$mnt/p/q" \
            >"$dir/out" 2>"$dir/err" || status=$?
        expect_equal "$status" $((128 + $(kill -l "$signal")))
        expect_equal "$(cat "$dir/err")" "hugepage-file-init: interrupted, nothing was created"
        expect_equal "$(cat "$dir/out")" ""
        expect_empty "$mnt"
        expect_equal "$(pages_left)" "$pages"
    done
}

case_a_signal_that_nohup_ignores_is_ignored() {
    env --ignore-signal=HUP --block-signal=HUP bash -c 'kill -HUP $$; exec "$@"' sh \
        "$tool" -n "$node" -s "$size" --path "$mnt" >"$dir/out" 2>"$dir/err" || fail "$(cat "$dir/err")"
    expect_complete "$mnt/numa_$node/384.0_MiB_0" "$size"
}

# Of runs for the same files at the same time some win, some find the files there and right, some say why not.
case_many_at_once() {
    local round i pid status
    for round in 1 2 3 4 5; do
        local pids=() won=0
        for i in 1 2 3 4; do
            "$tool" -n "$node" -c 4 -s 64MiB --path "$mnt/p" >"$dir/out.$i" 2>"$dir/err.$i" &
            pids+=($!)
        done
        for i in 1 2 3 4; do
            status=0
            wait "${pids[$((i - 1))]}" || status=$?
            if [ "$status" -eq 0 ]; then
                won=$((won + 1))
                expect_equal "$(wc -l <"$dir/err.$i")" 0
            else
                expect_equal "$status" 1
                expect_equal "$(wc -l <"$dir/err.$i")" 1
            fi
        done
        [ "$won" -gt 0 ] || fail "nobody won: $(cat "$dir"/err.*)"
        expect_equal "$(cat "$dir"/out.* | grep -c '^Created')" 1
        expect_equal "$(visible_files | wc -l)" 4
        expect_pages_left $((pages - 128))
        rm -r "$mnt/p"
    done
}

# A control group's limit on huge pages shows only at the touch of a page, as a node without pages does.
case_a_touch_that_finds_no_page_is_told() {
    local root group
    root=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
    grep -qw hugetlb "$root/cgroup.controllers" 2>/dev/null || skip "needs the hugetlb controller in cgroup v2"
    mkdir "$root/file_init_test.$$" || skip "needs to make a control group"
    group=$root/file_init_test.$$
    was_on=$(grep -cw hugetlb "$root/cgroup.subtree_control" || true)
    # shellcheck disable=SC2064  # as they are now
    trap "rmdir '$group'; [ $was_on -gt 0 ] || echo -hugetlb >'$root/cgroup.subtree_control' || true" EXIT
    echo +hugetlb >"$root/cgroup.subtree_control" || skip "the hugetlb controller cannot be had"
    echo 20M >"$group/hugetlb.2MB.max" || skip "the hugetlb controller cannot be had"
    status=0
    bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" \
        "$tool" -n "$node" -c 2 -s "$size" --path "$mnt/p/q" >"$dir/out" 2>"$dir/err" || status=$?
    expect_equal "$status" 1
    expect_equal "$(cat "$dir/out")" ""
    err=$(cat "$dir/err")
    [[ $err == "hugepage-file-init: node $node ran out of 2 MiB pages after 20.0 MiB of 768.0 MiB; nothing was \
created; "*"a limit for this control group"* ]] || fail "$err"
    expect_equal "$(wc -l <"$dir/err")" 1
    expect_empty "$mnt"
    expect_pages_left "$pages"
}
