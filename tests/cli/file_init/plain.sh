# What can be seen without huge pages and without root.
# shellcheck shell=bash disable=SC2154  # set by, or for, the other files

case_help_goes_to_stdout() {
    expect_success --help
    [[ $out == *"Default: 0600"* && $out == *"Example:"* ]] || fail "no defaults or no example: $out"
    expect_equal "$(awk 'length > 100' "$dir/out")" ""
}

case_version_goes_to_stdout() {
    expect_success -V
    [[ $out =~ ^hugepage-file-init\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "$out"
    expect_success store hugepage-file-init --version
}

case_misuse_is_told_in_one_line() {
    expect_refusal 2 "--size is needed (example: 32GiB)." --path "$dir"
    expect_refusal 2 "--path or --path-pattern is needed." --size 1GiB
    expect_refusal 2 "invalid size '1XB'" --path "$dir" --size 1XB
    expect_refusal 2 "--nix" --nix
    expect_refusal 2 "has no \$NUMA_NODE_INDEX" --size 1GiB --path_pattern "$dir"
}

case_a_node_that_does_not_exist_is_refused() {
    expect_refusal 2 "--node: there is no node 1023; this machine has 0" --node 1023 --size 1GiB --path "$dir"
}

case_a_disk_is_refused_and_left_alone() {
    local type
    mkdir "$dir/pool"
    expect_refusal 1 "not on hugetlbfs; type: sudo hugepagectl setup --size 1GiB --node $(first_node):1 --path $dir/pool" \
        --node "$(first_node)" --size 1GiB --path "$dir/pool"
    expect_empty "$dir/pool"
    type=$(findmnt -n -o FSTYPE -T "$dir/pool" || true)
    [ -z "$type" ] || [[ $err == *" is on $type, not"* ]] || fail "does not say what it is ($type): $err"
}

case_a_mount_that_would_hide_something_is_not_advised() {
    touch "$dir/something"
    expect_refusal 1 "$dir isn't empty, so use another folder" --node "$(first_node)" --size 1GiB --path "$dir"
}

case_a_path_through_a_file_is_refused() {
    touch "$dir/file"
    expect_refusal 1 "open the folder $dir/file: Not a directory" --node "$(first_node)" --size 1GiB --path "$dir/file/p"
}
