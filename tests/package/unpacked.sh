# shellcheck shell=bash
# For tests of packages, to be sourced: checks on what is in a package, unpacked to a folder. They need no root and no fresh system.

# check_unpacked FOLDER LIBRARY_FOLDER      LIBRARY_FOLDER: where this kind of package has the libraries
check_unpacked() {
    local folder=$1 library_folder=$2 program library page unit said
    for library in libhugepage_shim.so libhugepage_shim_heap.so; do
        [[ -f $folder$library_folder/$library ]] || fail "no $library_folder/$library"
        said=$(env -u HUGEPAGE_FILES_PATH_PATTERN HUGEPAGE_FILES_PATH=/nowhere LD_PRELOAD="$folder$library_folder/$library" /bin/true 2>&1) ||
            fail "$library: /bin/true fails"
        [[ -z $said ]] || fail "$library: /bin/true says: $said"
    done
    for program in hugepagectl hugepage-file-init pc1-label; do
        said=$("$folder/usr/bin/$program" --help) || fail "$program --help fails"
        grep -q -- --help <<<"$said" || fail "$program --help does not mention --help"
        ! readelf -SW "$folder/usr/bin/$program" | grep -q ' \.symtab ' || fail "$program is not stripped"
    done
    said=$("$folder/usr/bin/hugepagectl" plan --sector 2MiB --page-size 2MiB --json) || (($? == 4)) || fail "hugepagectl plan fails"
    grep -q '"command": "plan"' <<<"$said" || fail "hugepagectl plan says: $said"
    for page in tools/man/*.scd; do
        page=$(basename "$page" .scd)
        [[ -s $folder/usr/share/man/man${page##*.}/$page || -s $folder/usr/share/man/man${page##*.}/$page.gz ]] ||
            fail "no manual page $page"
    done
    for page in bash-completion/completions/hugepagectl fish/vendor_completions.d/hugepagectl.fish \
        zsh/vendor-completions/_hugepagectl doc/hugepage-shim/{README,SECURITY,docs/operate,docs/zh/operate}.md; do
        [[ -s $folder/usr/share/$page ]] || fail "no /usr/share/$page"
    done

    said=$(DOCUMENTS=$folder/usr/share/doc/hugepage-shim /usr/bin/python3 tests/docs/documents_test.py Documents.test_have_links_that_lead_somewhere 2>&1) ||
        fail "the documents' links: $said"

    # hugepagectl finds the library of its own package.
    said=$("$folder/usr/bin/hugepagectl" run --files-path "$folder" -- cat /proc/self/maps) || fail "hugepagectl run fails"
    grep -qF "$folder$library_folder/libhugepage_shim_heap.so" <<<"$said" || fail "hugepagectl run preloads something else"

    local examples=$folder/usr/share/doc/hugepage-shim/examples units=$folder/usr/lib/systemd/system
    "$folder/usr/bin/hugepagectl" setup --config "$examples/hugepage-shim.conf" --dry-run >/dev/null || fail "the example is no configuration"
    for unit in hugepage-shim.service hugepage-shim-metrics.service; do
        grep -q '^ExecStart=/usr/bin/hugepagectl ' "$units/$unit" || fail "$unit doesn't start /usr/bin/hugepagectl"
    done
    if command -v systemd-analyze >/dev/null; then
        # With the units that they refer to, and for a sealer that has the drop-in.
        cp -an /usr/lib/systemd/system/. "$units"
        install -D -m 644 -t "$folder/etc/systemd/system/sealer.service.d" "$examples/zz-hugepage-shim.conf"
        printf '[Service]\nExecStart=/usr/bin/pc1-label\n' >"$folder/etc/systemd/system/sealer.service"
        said=$(systemd-analyze verify --man=no --root="$folder" hugepage-shim.service hugepage-shim-metrics.service \
            hugepage-shim-metrics.timer sealer.service 2>&1) || fail "systemd-analyze verify fails: $said"
        [[ -z $said ]] || fail "systemd-analyze verify: $said"
        # Nothing but an operator enables them.
        systemctl --root="$folder" --quiet preset hugepage-shim.service hugepage-shim-metrics.timer || fail "systemctl preset fails"
        said=$(find "$folder/etc/systemd/system" -type l)
        [[ -z $said ]] || fail "enabled by the package: $said"
    fi
}
