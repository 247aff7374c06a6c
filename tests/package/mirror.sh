# For other scripts: what this machine is kept up to date from. Fails where that can't be told.

# The release's name, "bookworm".
release_name() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

# The address of its packages, as apt has it in its sources.
mirror_of() {
    local address
    address=$(apt-get indextargets "Created-By: Packages" "Release: $1" "Component: main" --format '$(REPO_URI)' | head -1)
    [[ -n $address ]] || { echo "apt's sources name no mirror for $1 main" >&2; return 1; }
    echo "$address"
}

# A fresh minimal system of that release as a tar file, made once for a folder; with these packages more.
#   base_system FILE [PACKAGE,...]
base_system() {
    local file=$1 more=${2:-} release mirror folder
    [[ ! -e $file ]] || return 0
    release=$(release_name)
    mirror=$(mirror_of "$release")
    mkdir -p "$(dirname "$file")"
    folder=$(mktemp -d)
    # In memory: nothing waits for a disk, nothing is left. The caller has a mount namespace of its own.
    mount -t tmpfs -o mode=0755 none "$folder"
    debootstrap --variant=minbase ${more:+--include="$more"} "$release" "$folder" "$mirror" >"$folder.log" 2>&1 || {
        tail -20 "$folder.log" >&2
        rm -f "$folder.log"
        echo "no fresh system of $release to be had from $mirror: is there a network?" >&2
        return 1
    }
    rm -f "$folder.log"
    # What apt fetched is fetched by whoever installs it.
    tar -C "$folder" --exclude='./var/cache/apt/archives/*.deb' --numeric-owner -cf "$file.part" .
    umount "$folder"
    rmdir "$folder"
    mv "$file.part" "$file"
}
