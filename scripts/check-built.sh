#!/usr/bin/env bash
# Proves of built files that they are hardened and run on older systems: glibc 2.34 and later and the C++ library of g++ 12, as
# Ubuntu 22.04 has them, if they were built on Debian 12. Reads them with readelf.
#
#   scripts/check-built.sh [BUILD FOLDER]      a release build (build/release)
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/release}

readonly newest_allowed=(GLIBC_2.34 GLIBCXX_3.4.30 CXXABI_1.3.13 GCC_12.0.0)
# Under these names Debian 12 and Ubuntu 22.04 both have them.
readonly libraries='^(libc|libm|libgcc_s|libstdc\+\+|libnuma|libmount|libsmartcols|ld-linux-x86-64|ld-linux-aarch64)\.so\.[0-9]+$'
failures=0

fail() {
    echo "check-built: $*" >&2
    failures=$((failures + 1))
}

# must_have FILE TEXT PATTERN WHAT
must_have() { grep -qE "$3" <<<"$2" || fail "$1: $4"; }

check_hardening() {
    local file=$1 headers dynamic
    headers=$(readelf -lW "$file")
    dynamic=$(readelf -dW "$file")
    must_have "$file" "$headers" 'GNU_RELRO' 'no RELRO'
    must_have "$file" "$dynamic" '\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW' 'lazy binding (no -z now)'
    must_have "$file" "$headers" 'GNU_STACK .* RW ' 'an executable stack'
    ! grep -qE 'LOAD .* RWE ' <<<"$headers" || fail "$file: a segment to be written to and executed"
    must_have "$file" "$headers" 'file type is DYN' 'not position-independent'
    must_have "$file" "$(nm -D --undefined-only "$file")" '__stack_chk_fail' 'no stack protector'
    [[ $(uname -m) == x86_64 ]] || return 0
    local wanted=SHSTK  # of a program; tools/CMakeLists.txt says why
    [[ $file != *.so ]] || wanted='IBT, SHSTK'
    must_have "$file" "$(readelf -n "$file" 2>/dev/null)" "feature: .*$wanted" 'no control-flow protection (CET)'
}

# The newest version of each kind that is needed.
check_versions() {
    local file=$1 version newest
    while read -r version; do
        for newest in "${newest_allowed[@]}"; do
            [[ ${version%%_*} == "${newest%%_*}" ]] || continue
            [[ $(printf '%s\n' "$version" "$newest" | sort -V | tail -1) == "$newest" ]] || fail "$file: needs $version, newer than $newest"
        done
    done < <(readelf -VW "$file" | grep -oE 'Name: (GLIBC|GLIBCXX|CXXABI|GCC)_[0-9.]+' | cut -d' ' -f2 | sort -Vu)
    while read -r version; do
        [[ $version =~ $libraries ]] || fail "$file: needs $version, which not every system has under this name"
    done < <(readelf -dW "$file" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p')
}

for file in "$folder"/libhugepage_shim{,_heap}.so "$folder"/tools/{ctl/hugepagectl,pc1/pc1-label,file_init/hugepage-file-init}; do
    [[ -f $file ]] || { fail "no file $file"; continue; }
    check_hardening "$file"
    ! grep -q '^VERSION_CODENAME=bookworm' /etc/os-release || check_versions "$file"
done
((failures == 0)) || exit 1
