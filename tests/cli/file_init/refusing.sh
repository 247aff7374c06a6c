# What it refuses, in which words, and that it changes nothing then.
# shellcheck shell=bash disable=SC2154,SC2034  # set by, or for, the other files
pages=8

node=$(first_node)

# expect_untouched <status> <part of the message> <arguments>
expect_untouched() {
    local before
    before=$(state_of "$mnt")
    expect_refusal "$@"
    expect_equal "$(state_of "$mnt")" "$before"
}

case_a_file_of_another_size_cannot_be_kept() {
    expect_success -n "$node" -s 4MiB --path "$mnt"
    mv "$mnt/numa_$node/4.0_MiB_0" "$mnt/numa_$node/2.0_MiB_1"
    expect_untouched 1 "2.0_MiB_1 can't be kept: its size is 4MiB, not 2MiB; nothing was changed; if nothing uses it, type: sudo rm $mnt/numa_$node/2.0_MiB_1" -n "$node" -c 3 -s 2MiB --path "$mnt"
}

# (A link cannot be: hugetlbfs has none.)
case_a_file_of_a_disk_cannot_be_kept() {
    mkdir "$mnt/numa_$node"
    truncate -s 4M "$dir/disk"
    touch "$mnt/numa_$node/4.0_MiB_0"
    mount --bind "$dir/disk" "$mnt/numa_$node/4.0_MiB_0"
    expect_untouched 1 "it is not on hugetlbfs" -n "$node" -c 2 -s 4MiB --path "$mnt"
}

case_a_folder_cannot_be_kept() {
    mkdir -p "$mnt/numa_$node/4.0_MiB_0"
    expect_untouched 1 "it is a folder; nothing was changed; move it away" -n "$node" -s 4MiB --path "$mnt"
}

case_a_fifo_cannot_be_kept() {
    mkdir "$mnt/numa_$node"
    mkfifo "$mnt/numa_$node/4.0_MiB_0"
    expect_untouched 1 "it is no regular file" -n "$node" -s 4MiB --path "$mnt"
}

case_a_file_with_holes_cannot_be_kept() {
    mkdir "$mnt/numa_$node"
    truncate -s 4M "$mnt/numa_$node/4.0_MiB_0"
    fallocate -o 0 -l 2M "$mnt/numa_$node/4.0_MiB_0"
    chmod 600 "$mnt/numa_$node/4.0_MiB_0"
    expect_untouched 1 "4.0_MiB_0 can't be kept: it has holes" -n "$node" -s 4MiB --path "$mnt"
    expect_pages_left $((pages - 1))
}

case_a_second_name_cannot_be_kept() {
    expect_success -n "$node" -s 4MiB --path "$mnt"
    ln "$mnt/numa_$node/4.0_MiB_0" "$mnt/numa_$node/4.0_MiB_1"
    expect_untouched 1 "4.0_MiB_1 can't be kept: it is another name of a file in this folder" -n "$node" -c 3 -s 4MiB --path "$mnt"
}

# Its content is whoever's had it: it is not to be handed over.
case_what_belongs_to_others_is_to_be_made_anew() {
    local name=$mnt/numa_$node/4.0_MiB_0
    expect_success -n "$node" -s 4MiB --path "$mnt"
    expect_untouched 1 "it belongs to user 0, not 12345; nothing was changed; if nothing uses it, type: sudo rm $name" \
        -n "$node" -s 4MiB --path "$mnt" --user 12345
    expect_untouched 1 "its mode is 0600, not 0640; nothing was changed; if nothing uses it, type: sudo rm $name" \
        -n "$node" -s 4MiB --path "$mnt" --mode 0640
}

case_a_limit_on_the_size_of_files_is_told() {
    ulimit -f 1024
    expect_untouched 1 "raise the limit: ulimit -f unlimited" -n "$node" -s 4MiB --path "$mnt/a/b"
}

case_a_folder_of_another_user_is_refused() {
    mkdir "$mnt/theirs"
    chown 12345 "$mnt/theirs"
    expect_untouched 1 "$mnt/theirs belongs to user 12345" -n "$node" -s 4MiB --path "$mnt/theirs"
    expect_success -n "$node" -s 4MiB --path "$mnt/theirs" --user 12345
}

case_the_limit_of_files_of_the_mount_is_told() {
    umount "$mnt"
    mount -t hugetlbfs -o pagesize=2M,size=16M,nr_inodes=3 none "$mnt"
    expect_untouched 1 "3 files and folders needed, but the mount at $mnt has only 2 left of its limit" -n "$node" -c 2 -s 2MiB --path "$mnt"
    umount "$mnt"
    # Without size= the kernel doesn't say beforehand.
    mount -t hugetlbfs -o pagesize=2M,nr_inodes=3 none "$mnt"
    expect_untouched 1 "(nr_inodes)" -n "$node" -c 2 -s 2MiB --path "$mnt"
}

case_too_few_pages_are_told_with_the_command_to_get_them() {
    expect_untouched 1 "create 4 files of 1.0 PiB on node $node: 2147483648 pages of 2 MiB needed, " \
        -n "$node" -c 4 -s 1PiB --path "$mnt/p"
    [[ $err == *"type: sudo hugepagectl setup --size 1PiB --node $node:4 --page-size 2MiB --path $mnt/p" ]] || fail "no command: $err"
    expect_pages_left "$pages"
}

case_the_limit_of_the_mount_is_told() {
    umount "$mnt"
    mount -t hugetlbfs -o pagesize=2M,size=4M none "$mnt"
    expect_untouched 1 "3 pages of 2 MiB needed, but the mount at $mnt has only 2 left of its limit" \
        -n "$node" -s 6MiB --path "$mnt"
}

case_a_size_of_no_whole_pages_is_told_with_better_ones() {
    expect_untouched 2 "--size: 3MiB is not a whole number of pages of 2 MiB; did you mean 4MiB?" -n "$node" -s 3MiB --path "$mnt"
    expect_untouched 2 "did you mean 32GiB?" -n "$node" -s 32GB --path "$mnt"
}

case_a_user_who_may_not_write_is_told() {
    chmod 755 "$mnt"
    chmod 711 "$dir"
    as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
    $as_nobody test -x "$tool" || skip "needs a build folder that everybody may enter"
    tool_as_nobody() { $as_nobody "$real_tool" "$@"; }
    real_tool=$tool tool=tool_as_nobody
    expect_untouched 5 "create files in $mnt/p/numa_$node: Permission denied; use sudo" \
        -n "$node" -s 4MiB --path "$mnt/p"
    tool=$real_tool expect_success -n "$node" -s 4MiB --path "$mnt"
    expect_untouched 5 "look at $mnt/numa_$node/4.0_MiB_0: Permission denied" -n "$node" -s 4MiB --path "$mnt"
    chmod 777 "$mnt"
    expect_untouched 5 "to --user and --group: Operation not permitted; use sudo" \
        -n "$node" -s 4MiB --path "$mnt/q" --user 0
    expect_success -n "$node" -s 2MiB --path "$mnt/q"
    expect_equal "$(stat -c '%a %u %g' "$mnt/q/numa_$node/2.0_MiB_0")" "600 65534 65534"
}

case_a_read_only_mount_is_told() {
    mount -o remount,ro,bind "$mnt" 2>/dev/null || mount --bind -o ro "$mnt" "$mnt"
    expect_untouched 5 "Read-only file system; type: sudo mount -o remount,rw $mnt" -n "$node" -s 4MiB --path "$mnt"
}
