#!/usr/bin/env bash
# Builds the programs of tests/sealer, which label and seal as Filecoin's sealers do, and prints the folder that holds them.
#
#   scripts/build-sealer.sh native     for this machine's CPU, as sealers are built: for benchmarks
#   scripts/build-sealer.sh portable   for any CPU of this architecture
#   scripts/build-sealer.sh fetch      only downloads the crates; the builds need no network then
#   scripts/build-sealer.sh --if-quick native|portable
#                                      exit status 77, and why, if they aren't built and BUILD_SEALER isn't set
#
# They are kept in ${XDG_CACHE_HOME:-~/.cache}/hugepage-shim/sealer, for all checkouts, and built again only if something has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/rust.sh

if_quick=
[[ ${1:-} != --if-quick ]] || { if_quick=yes; shift; }
case "${1:-}" in
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    native) flags='-C target-cpu=native' ;;
    # Named, so that no part asks for the CPU it is built on: blst's does.
    portable) flags=; [[ $(uname -m) != x86_64 ]] || flags='-C target-cpu=x86-64-v2' ;;
    fetch) ;;
    *) echo "usage: $0 [--if-quick] native|portable, or fetch" >&2; exit 2 ;;
esac

not_quick() {
    [[ $if_quick && ! ${BUILD_SEALER:-} ]] || return 0
    echo "the sealer isn't built yet; once, in some minutes: scripts/install-packages.sh sealer && scripts/build-sealer.sh $1"
    exit 77
}
[[ $1 != fetch ]] || find_rust 2>/dev/null || unpack_rust
find_rust 2>/dev/null || { not_quick "$1"; find_rust; }
compiler=$("$RUSTC" -vV)
if [[ $1 == fetch ]]; then
    fetch=("$CARGO" fetch --quiet --locked --manifest-path tests/sealer/Cargo.toml --target "$(sed -n 's/^host: //p' <<<"$compiler")")
    "${fetch[@]}" --offline 2>/dev/null || "${fetch[@]}"
    exit
fi

digest() { sha256sum | cut -c1-16; }
# What all compiled crates depend on.
made_with=$(
    echo "$flags $compiler $(cc --version | head -1)"
    grep -E '^(ID|VERSION_ID)=' /etc/os-release
    cat tests/sealer/Cargo.toml tests/sealer/Cargo.lock
    [[ $1 == portable ]] || grep -E '^(model name|flags|CPU part|Features)' /proc/cpuinfo | sort -u
)
folder=$sealer_cache/$1-$(digest <<<"$made_with")
programs=$folder/programs-$(cat tests/sealer/src/*.rs tests/sealer/src/bin/*.rs | digest)
if [[ ! -d $programs ]]; then
    not_quick "$1"
    mkdir -p "$folder"
    exec 9>"$folder/lock"
    flock 9
fi
if [[ ! -d $programs ]]; then
    # Always from the same place: to cargo, a package elsewhere is another package. And copied anew: cargo goes by the files' times.
    rm -rf "$folder/package" "$programs.part"
    cp -R tests/sealer "$folder/package"
    env -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET RUSTFLAGS="$flags" "$CARGO" build --release --locked --offline --quiet \
        --manifest-path "$folder/package/Cargo.toml" --target-dir "$folder/target" >&2
    mkdir "$programs.part"
    cp "$folder"/target/release/{seal,label} "$programs.part"
    mv "$programs.part" "$programs"
    # What was built with a compiler, a lock file or a CPU of a month ago.
    touch "$folder"
    find "$sealer_cache" -mindepth 1 -maxdepth 1 -name "$1-*" -mtime +30 -exec rm -rf {} +
fi
echo "$programs"
