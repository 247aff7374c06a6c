# shellcheck shell=bash
# For other scripts, to be sourced: a Rust that is new enough for tests/sealer.

readonly sealer_cache=${XDG_CACHE_HOME:-$HOME/.cache}/hugepage-shim/sealer
readonly unpacked_rust=$sealer_cache/rust

# Exports CARGO and RUSTC: those of PATH, of the distribution, or unpacked by unpack_rust.
find_rust() {
    local folder folders version sysroot
    local -r least=1.85
    mapfile -t folders < <(
        dirname "$(command -v cargo || echo /usr/bin/cargo)"
        echo /usr/bin
        compgen -G '/usr/lib/rust-*/bin' | sort -Vr || true
        echo "$unpacked_rust/usr/bin"
    )
    for folder in "${folders[@]}"; do
        [[ -x $folder/cargo && -x $folder/rustc ]] || continue
        [[ $folder != "$unpacked_rust"/* ]] || export LD_LIBRARY_PATH="$unpacked_rust/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
        version=$("$folder/rustc" --version 2>/dev/null | cut -d' ' -f2) || continue
        [[ $(printf '%s\n' "$least" "$version" | sort -V | head -1) == "$least" ]] || continue
        # Those of rustup only find out which ones to start, each time.
        sysroot=$("$folder/rustc" --print sysroot)
        [[ ! -x $sysroot/bin/cargo || ! -x $sysroot/bin/rustc ]] || folder=$sysroot/bin
        export CARGO=$folder/cargo RUSTC=$folder/rustc
        return
    done
    echo "no Rust of version $least or newer; scripts/install-packages.sh sealer installs one" >&2
    return 5
}

# Debian 12 has a newer Rust for its browsers. It conflicts with the one that tests/clients is built by, so it is unpacked and not
# installed. The libraries that it needs beside its own come with the older one.
unpack_rust() {
    local library llvm
    depends() { apt-cache depends --important "$1" | sed -n "s/^ *Depends: \($2\)$/\1/p" | head -1; }
    library=$(depends libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
    llvm=$(depends "$library" 'libllvm[0-9]*')
    [[ -n $llvm ]] || { echo "apt knows no package rustc-web: run apt-get update?" >&2; return 5; }
    echo "unpacking: cargo-web rustc-web libstd-rust-web-dev $library $llvm"
    rm -rf "$unpacked_rust.part"
    mkdir -p "$unpacked_rust.part/packages"
    (
        cd "$unpacked_rust.part"
        (cd packages && apt-get download -q -o APT::Sandbox::User=root cargo-web rustc-web libstd-rust-web-dev "$library" "$llvm") >&2
        for package in packages/*.deb; do dpkg-deb -x "$package" .; done
        ln -s usr/lib/*-linux-gnu lib
        rm -r packages
    )
    rm -rf "$unpacked_rust"
    mv "$unpacked_rust.part" "$unpacked_rust"
}
