#!/usr/bin/env bash
# Runs a command on a machine with several NUMA nodes, which it makes for the purpose: qemu without KVM, the distribution's
# kernel, an initramfs of busybox and the files that are named. Some ten seconds; nothing of it is left afterwards.
# For aarch64 the kernel, busybox and what isn't there as a file of that kind come from scripts/arm64-system.sh.
#
#   scripts/numa-vm.sh [OPTIONS] -- COMMAND [ARGUMENT]...
#
#   --nodes N               nodes (2)
#   --cpus C[,C...]         CPUs of each node; one number is for all (2); 0: a node without
#   --memory M[,M...]       MiB of each node (2M pages: 768, 1G pages: 6144); 0: a node without
#   --distances A-B=D,...   from node A to B and back (20)
#   --pages SIZE            2M, 1G, or another one of the machine's, of which the hugetlbfs at /mnt/huge is (2M)
#   --reserve P[,P...]      pages of each node (2M: 64, others: 1); the machine's total is what the command finds
#   --arch ARCH             x86_64 (default) or aarch64
#   --base-page 4K|16K      aarch64's kernel has pages of this size (4K)
#   --kernel-args ARGS      more of them
#   --add FILE              is on the machine, under the same path, with the libraries it needs; again for each file, or folder of files
#   --timeout SECONDS       until the machine is ended (120)
#
# The command runs as root in /, with stdin empty. Its output, errors and exit status are the script's; 124 if time was up,
# 125 if the machine didn't run. The kernel is NUMA_VM_KERNEL, or the newest in /boot.
set -euo pipefail

fail() {
    echo "numa-vm: $*" >&2
    exit 125
}

nodes=2 cpus=2 memory='' distances='' pages=2M reserve='' kernel_args='' deadline=120 arch=x86_64 base_page=4K
add=()
while (($# > 0)); do
    case $1 in
        --nodes) nodes=$2 ;;
        --cpus) cpus=$2 ;;
        --memory) memory=$2 ;;
        --distances) distances=$2 ;;
        --pages) pages=$2 ;;
        --reserve) reserve=$2 ;;
        --kernel-args) kernel_args=$2 ;;
        --arch) arch=$2 ;;
        --base-page) base_page=$2 ;;
        --add) add+=("$2") ;;
        --timeout) deadline=$2 ;;
        --) shift; break ;;
        -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) fail "unknown option $1; see $0 --help" ;;
    esac
    shift 2
done
(($# > 0)) || fail "no command; see $0 --help"
case $pages in
    2M) : "${memory:=768}" "${reserve:=64}" ;;
    1G) : "${memory:=6144}" "${reserve:=1}" ;;
    *[MG]) : "${memory:=768}" "${reserve:=1}" ;;
    *) fail "--pages $pages: must be a number of M or G" ;;
esac
page_kib=$(($(numfmt --from=iec "$pages") / 1024))
case $arch in
    x86_64)
        system=''
        kernel=${NUMA_VM_KERNEL:-$(find /boot -maxdepth 1 -name 'vmlinuz-*' -readable | sort -V | tail -1)}
        # Without fast string instructions, which are emulated byte by byte: memory is cleared five to ten times as fast.
        qemu=(qemu-system-x86_64 -accel "tcg,thread=multi" -cpu "max,-erms,-fsrm")
        console=ttyS0
        ;;
    aarch64)
        [[ $base_page == 4K || $base_page == 16K || ${NUMA_VM_KERNEL:-} ]] || fail "--base-page $base_page: must be 4K or 16K"
        packages=$("${BASH_SOURCE[0]%/*}/arm64-system.sh")
        system=$packages/system
        kernel=${NUMA_VM_KERNEL:-$packages/kernel-$base_page}
        # All its CPUs take turns on one of this machine's: beside each other, a store-release and the load-acquire after it may change
        # places on x86-64, which aarch64 never does.
        qemu=(qemu-system-aarch64 -machine "virt,gic-version=3" -accel "tcg,thread=single" -cpu neoverse-n1)
        console=ttyAMA0
        ;;
    *) fail "--arch $arch: must be x86_64 or aarch64" ;;
esac
for tool in "${qemu[0]}" busybox cpio setpriv ldd; do
    command -v "$tool" >/dev/null || fail "$tool is missing: scripts/install-packages.sh full"
done
[[ -r $kernel ]] || fail "no kernel to be read${kernel:+ at $kernel}: scripts/install-packages.sh full, or set NUMA_VM_KERNEL"

# The value for node $2 of the list $1.
of_node() {
    local values
    IFS=, read -ra values <<<"$1"
    echo "${values[$2]:-${values[-1]}}"
}

folder=$(mktemp -d)
qemu_pid=''
readonly is_up='numa-vm: up'
trap 'kill -KILL $qemu_pid 2>/dev/null || true; rm -rf "$folder"' EXIT
root=$folder/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,mnt/huge,etc,root}

is_script_or_aarch64() { [[ $(readelf -h "$1" 2>/dev/null) != *Machine:* || $(readelf -h "$1") == *AArch64* ]]; }
# The libraries that a file is linked with, and what loads it.
libraries_of() {
    if [[ ! $system ]]; then
        ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true
        return
    fi
    local name
    readelf -l -d "$1" 2>/dev/null | sed -n 's/.*interpreter: \(.*\)]/\1/p; s/.*(NEEDED).*\[\(.*\)]/\1/p' | while read -r name; do
        # One of the project's own is added by whoever needs it.
        [[ $name == /* ]] || name=$(cd "$system" && find . -path "*/aarch64-linux-gnu/$name" | head -1)
        [[ ! $name ]] || echo "${name#.}"
    done
}
# A file, under its own path, and the libraries it is linked with. What the other system has is taken from there.
copy() {
    local file from needed
    for file in "$@"; do
        file=$(realpath -s "$file")
        [[ ! -e $root$file ]] || continue
        if [[ -d $file ]]; then
            mkdir -p "$root$file"
            cp -RL "$file/." "$root$file"
            continue
        fi
        from=$file
        [[ ! $system || ! -e $system$file ]] || from=$system$file
        [[ -e $from ]] || fail "no file $file to put on the machine"
        [[ ! $system ]] || is_script_or_aarch64 "$from" || fail "$file isn't for aarch64, and $system has none of that name"
        mkdir -p "$root$(dirname "$file")"
        cp -L "$from" "$root$file"
        while read -r needed; do
            copy "$needed"
        done < <(libraries_of "$from")
    done
}
busybox=$(command -v busybox)
[[ ! $system ]] || busybox=$system/bin/busybox
cp "$busybox" "$root/bin/busybox"
echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
[[ $1 != */* || ! -f $1 ]] || copy "$1"
copy "${add[@]}"

# As the first process: mounts, allocates pages, runs the command, says how it ended, and turns the machine off.
{
    echo '#!/bin/busybox sh'
    echo '/bin/busybox --install -s /bin'
    echo 'export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root'
    echo 'mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev'
    echo 'mkdir /dev/shm; mount -t tmpfs none /dev/shm; mount -t cgroup2 none /sys/fs/cgroup'
    echo 'ln -s /proc/self/fd /dev/fd'
    echo "echo $is_up >/dev/console"
    echo 'for port in 1 2 3; do stty -F /dev/ttyS$port raw -echo 115200; done'
    for ((node = 0; node < nodes; ++node)); do
        [[ $pages != 1G ]] || continue
        echo "echo $(of_node "$reserve" "$node") >/sys/devices/system/node/node$node/hugepages/hugepages-${page_kib}kB/nr_hugepages"
    done
    echo "mount -t hugetlbfs -o pagesize=$pages none /mnt/huge"
    echo 'cd /'
    printf '%q ' "$@"
    echo '</dev/null >/dev/ttyS1 2>/dev/ttyS2'
    echo 'echo $? >/dev/ttyS3'
    echo 'poweroff -f'
} >"$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$folder/initramfs"

machine=()
hugepages=''
first=0
total=0
for ((node = 0; node < nodes; ++node)); do
    own=$(of_node "$cpus" "$node")
    size=$(of_node "$memory" "$node")
    line="node,nodeid=$node"
    ((own == 0)) || line+=",cpus=$first-$((first + own - 1))"
    if ((size > 0)); then
        machine+=(-object "memory-backend-ram,id=m$node,size=${size}M")
        line+=",memdev=m$node"
    fi
    machine+=(-numa "$line")
    first=$((first + own))
    total=$((total + size))
    hugepages+=${hugepages:+,}$node:$(of_node "$reserve" "$node")
done
for pair in ${distances//,/ }; do
    [[ $pair =~ ^([0-9]+)-([0-9]+)=([0-9]+)$ ]] || fail "--distances $pair: must be A-B=D"
    machine+=(-numa "dist,src=${BASH_REMATCH[1]},dst=${BASH_REMATCH[2]},val=${BASH_REMATCH[3]}")
done
[[ $pages != 1G ]] || kernel_args="hugepagesz=1G hugepages=$hugepages $kernel_args"

touch "$folder"/{out,err,status}
serial=(-serial "file:$folder/console")
if [[ $arch == x86_64 ]]; then
    serial+=(-serial "file:$folder/out" -serial "file:$folder/err" -serial "file:$folder/status")
else
    # It has one of its own, and these by PCI; the first is for the number's sake.
    serial+=(-chardev null,id=first)
    for port in out err status; do serial+=(-chardev "file,id=$port,path=$folder/$port"); done
    serial+=(-device pci-serial-4x,chardev1=first,chardev2=out,chardev3=err,chardev4=status)
fi
# Ends with this script however that ends, and by the deadline.
start() {
    : >"$folder/console"
    setpriv --pdeathsig KILL "${qemu[@]}" -smp "$first" -m "${total}M" "${machine[@]}" \
        -kernel "$kernel" -initrd "$folder/initramfs" -append "console=$console panic=-1 quiet no_timer_check $kernel_args" \
        -display none -no-reboot -nic none "${serial[@]}" >"$folder/qemu" 2>&1 </dev/null &
    qemu_pid=$!
    started=$waited
}
# Now and then qemu's CPUs all spin as the kernel boots, for ever: a machine that hasn't come up in this time, which is ten times what it
# takes, is started anew.
readonly boot_seconds=150
waited=0
start
while kill -0 "$qemu_pid" 2>/dev/null && ((waited < deadline * 10)); do
    sleep 0.1
    waited=$((waited + 1))
    if ((waited - started == boot_seconds * 10)) && ! grep -q "$is_up" "$folder/console"; then
        echo "numa-vm: the machine hasn't come up in $boot_seconds s; starting it anew" >&2
        kill -KILL "$qemu_pid"
        wait "$qemu_pid" 2>/dev/null || true
        start
    fi
done
cat "$folder/out"
cat "$folder/err" >&2
status=$(<"$folder/status")
status=${status//[^0-9]/}
[[ -z $status ]] || exit "$status"
{
    cat "$folder/qemu"
    tail -30 "$folder/console"
} >&2
if kill -0 "$qemu_pid" 2>/dev/null; then
    echo "numa-vm: not done after $deadline s" >&2
    exit 124
fi
fail "the machine ended before the command did"
