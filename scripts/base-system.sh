# shellcheck shell=bash
# For other scripts, to be sourced: a fresh system of the release that this machine runs, from the mirror that this machine is kept up
# to date from. The caller is root, in a mount namespace of its own.

# The address of a release's packages, as apt has it in its sources.
mirror_of() {
    local address
    # shellcheck disable=SC2016
    address=$(apt-get indextargets "Created-By: Packages" "Release: $1" "Component: main" --format '$(REPO_URI)' | head -1)
    [[ -n $address ]] || { echo "apt's sources name no mirror for $1 main" >&2; return 1; }
    echo "$address"
}

# A minimal one as a tar file; one of the same day is kept, since it takes minutes to make.
#   base_system FILE
base_system() {
    local file=$1 release mirror folder
    [[ -z $(find "$file" -mmin -1440 2>/dev/null) ]] || return 0
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(mirror_of "$release")
    folder=$(mktemp -d)
    # In memory: nothing waits for a disk.
    mount -t tmpfs -o mode=0755 none "$folder"
    if ! debootstrap --variant=minbase "$release" "$folder" "$mirror" >"$folder.log" 2>&1; then
        tail -20 "$folder.log" >&2
        rm -f "$folder.log"
        echo "no fresh system of $release is available from $mirror: is there a network?" >&2
        return 1
    fi
    rm -f "$folder.log"
    tar -C "$folder" --exclude='./var/cache/apt/archives/*.deb' --numeric-owner -cf "$file.part" .
    umount "$folder"
    rmdir "$folder"
    mv "$file.part" "$file"
}

# Unpacks one to a folder that is empty, on a tmpfs, with what a program needs of the kernel.
#   unpack_system FILE FOLDER
unpack_system() {
    mount -t tmpfs -o mode=0755 none "$2"
    tar -C "$2" -xf "$1"
    mount -t proc none "$2/proc"
    cp /etc/resolv.conf "$2/etc/resolv.conf"
}

# A command in it, with nothing of this machine's environment.
#   in_system FOLDER COMMAND...
in_system() {
    local folder=$1
    shift
    chroot "$folder" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
}

# Packages from the mirror, or files.
#   install_in FOLDER PACKAGE...
install_in() {
    local folder=$1 log=$1/tmp/install.log
    shift
    if ! { in_system "$folder" apt-get -qq update && in_system "$folder" apt-get -qq -y --no-install-recommends install "$@"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "can't be installed in a fresh system: $*" >&2
        return 1
    fi
    rm "$log"
}
