# shellcheck shell=bash
# For tests of packages, to be sourced: checks on what is in a package, unpacked to a folder. They need no root and no fresh system.

# check_unpacked FOLDER LIBRARY_FOLDER      LIBRARY_FOLDER: where this kind of package has the libraries
check_unpacked() {
    local folder=$1 library_folder=$2 program library page said
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
        zsh/vendor-completions/_hugepagectl doc/hugepage-shim/README.md doc/hugepage-shim/SECURITY.md; do
        [[ -s $folder/usr/share/$page ]] || fail "no /usr/share/$page"
    done

    # hugepagectl finds the library of its own package: here, and in a system that is to boot.
    said=$("$folder/usr/bin/hugepagectl" run --files-path "$folder" --force -- cat /proc/self/maps) || fail "hugepagectl run fails"
    grep -qF "$folder$library_folder/libhugepage_shim.so" <<<"$said" || fail "hugepagectl run preloads something else"
    mkdir -p "$folder/etc/systemd/system"
    cp "$folder/usr/share/doc/hugepage-shim/examples/hugepage-shim.conf" "$folder/etc"
    "$folder/usr/bin/hugepagectl" boot install --root "$folder" --service sealer >/dev/null || fail "the example is no configuration"
    grep -q "LD_PRELOAD=$library_folder/libhugepage_shim.so" "$folder/etc/systemd/system/sealer.service.d/50-hugepage-shim.conf" ||
        fail "hugepagectl boot preloads something else"
}
