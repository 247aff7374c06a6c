#!/usr/bin/env bash
# Installs the package in a fresh system with systemd, types there what docs/operate.md has for each boot, and boots
# the system twice on a machine with two nodes (qemu without KVM), with its power cut in between. Each time the sealer must find the memory
# files there before it starts, and be served on both nodes; and the metrics must tell of the files. A copy of the unit that wants more files
# than node 0 has memory for must stay active, and say "degraded" and what was asked for and got.
#
#   scripts/boot-vm.sh [--timeout SECONDS] [--build FOLDER]
#
#   --timeout SECONDS   for each boot (default: 300)
#   --build FOLDER      the release build that the package is made from (default: build/release)
#
# Takes some minutes, root and a network (debootstrap). Everything is on a tmpfs in namespaces of its own and ends with this script,
# however that ends. The kernel is NUMA_VM_KERNEL, or the newest in /boot; its modules are those in /lib/modules.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/base-system.sh

fail() {
    echo "boot-vm: $*" >&2
    exit 1
}

if [[ ${1:-} != inside ]]; then
    seconds=300 built=build/release
    while (($# > 0)); do
        case $1 in
            -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
            --timeout) [[ ${2:-} =~ ^[0-9]+$ ]] || fail "--timeout needs seconds"; seconds=$2; shift ;;
            --build) [[ -n ${2:-} ]] || fail "--build needs a folder"; built=$2; shift ;;
            *) fail "unknown option $1; see $0 --help" ;;
        esac
        shift
    done
    ((EUID == 0)) || { echo "skipped: only root makes a system to boot"; exit 77; }
    exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc bash "$0" inside "$seconds" "$built"
fi
deadline=$2
built=$3
for tool in qemu-system-x86_64 busybox cpio mke2fs modprobe debootstrap; do
    command -v "$tool" >/dev/null || fail "$tool is missing: scripts/install-packages.sh nightly"
done
kernel=${NUMA_VM_KERNEL:-$(find /boot -maxdepth 1 -name 'vmlinuz-*' -readable | sort -V | tail -1)}
release=${kernel##*/vmlinuz-}
[[ -r $kernel && -d /lib/modules/$release ]] || fail "no kernel that can be read in /boot, or no modules of it"

scripts/package.sh --build "$built" deb
# So that not even an empty folder is left.
mount -t tmpfs none /mnt
export TMPDIR=/mnt
base_system build/package/base.tar
folder=$(mktemp -d)
# Not `exit` with the machine left running: the namespace ends it, too, but this is sooner.
qemu_pid=''
trap 'kill -KILL $qemu_pid 2>/dev/null || true; umount -R "$folder" 2>/dev/null; rmdir "$folder"' EXIT
mount -t tmpfs -o mode=0755 none "$folder"
root=$folder/root
mkdir "$root"
unpack_system build/package/base.tar "$root"
cp build/package/*.deb "$root/package.deb"
install_in "$root" systemd-sysv /package.deb

# A package that is removed leaves no enabled unit behind.
in_system "$root" systemctl --quiet enable hugepage-shim.service
in_system "$root" dpkg --remove hugepage-shim >"$root/tmp/dpkg" 2>&1 || fail "the package can't be removed: $(<"$root/tmp/dpkg")"
[[ -z $(find "$root/etc/systemd/system" -name 'hugepage-shim*') ]] || fail "the unit is enabled after the package was removed"
in_system "$root" dpkg --install /package.deb >"$root/tmp/dpkg" 2>&1 || fail "the package can't be installed again: $(<"$root/tmp/dpkg")"

# A sealer's service that knows nothing of the shim.
in_system "$root" useradd --system sealer
cat >"$root/etc/systemd/system/lotus-worker.service" <<'END'
[Unit]
Description=What stands for a sealer
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/sealer
[Install]
WantedBy=multi-user.target
END
cat >"$root/usr/local/sbin/sealer" <<'END'
#!/bin/bash
# What it finds, and what it and the shim say, goes to the second serial port: at the end, since the shim drops a line that would have
# to wait for the port.
moment() { LD_PRELOAD= systemctl show --value --property "$1" "$2"; }
{
    echo "boot $(</proc/sys/kernel/random/boot_id)"
    echo "ready $(moment ActiveEnterTimestampMonotonic hugepage-shim.service)"
    echo "started $(moment ExecMainStartTimestampMonotonic lotus-worker.service)"
    LD_PRELOAD= systemctl start hugepage-shim-metrics.service
    grep -E '^hugepage_shim_(wanted_)?files\{' /var/lib/prometheus/node-exporter/hugepages.prom
    for node in 0 1; do
        cpus=$(</sys/devices/system/node/node$node/cpulist)
        taskset -c "$cpus" setpriv --reuid=sealer --clear-groups pc1-label --sector-size 2MiB --layers 2 --alloc mmap --digest 2>&1
        echo "status$node $?"
    done
    export LD_PRELOAD=
    printf '%s\n' 'size = 2MiB' 'num = 1000' 'node = 0' 'path = /mnt/huge/pc1' 'page-size = 2MiB' >/run/short.conf
    sed 's,--config .*,--config /run/short.conf,' /lib/systemd/system/hugepage-shim.service >/run/systemd/system/short.service
    systemctl daemon-reload
    systemctl start short.service
    systemctl status --no-pager --full --lines=100 short.service | sed 's/^/short /'
    echo end
} >/run/said
cat /run/said >/dev/ttyS1
END
chmod 755 "$root/usr/local/sbin/sealer"
ln -s ../lotus-worker.service "$root/etc/systemd/system/multi-user.target.wants/lotus-worker.service"
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
# What has nothing to do with it, and takes time where each instruction is emulated.
for unit in getty.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer systemd-update-utmp.service \
    systemd-journal-flush.service systemd-random-seed.service systemd-timesyncd.service e2scrub_reap.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
mkdir -p "$root/var/lib/prometheus/node-exporter"

# What an operator types, as it stands there; then the sizes of this machine. The system doesn't run yet: what is enabled starts as it boots.
printf '#!/bin/sh\nexec "$@"\n' >"$root/usr/local/bin/sudo"
printf '#!/bin/sh\n[ "$1 $2" != "enable --now" ] || exec /usr/bin/systemctl enable "$3"\n' >"$root/usr/local/bin/systemctl"
chmod +x "$root"/usr/local/bin/*
mkdir "$root/tmp/commands"
awk '/^## / { is_wanted = $0 == "## At each boot" } is_wanted' docs/operate.md >"$folder/section"
awk -v folder="$root/tmp/commands" -f tests/docs/commands.awk "$folder/section"
for ((number = 1; ; ++number)); do
    [[ -e $root/tmp/commands/$number.command ]] || break
    in_system "$root" PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh "/tmp/commands/$number.command" >"$root/tmp/typed" 2>&1 ||
        fail "$(<"$root/tmp/commands/$number.command"): $(<"$root/tmp/typed")"
done
((number > 5)) || fail "docs/operate.md has no commands for each boot"
sed -i 's/32GiB/2MiB/' "$root/etc/hugepage-shim.conf"
rm "$root"/usr/local/bin/*

rm -rf "$root"/package.deb "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,locale,man}
umount "$root/proc"
mke2fs -q -t ext4 -d "$root" "$folder/disk" 1G >/dev/null
umount "$root"

# The kernel's own driver modules for that disk, and the step into it.
start=$folder/start
mkdir -p "$start"/{bin,dev,proc,root,modules}
cp "$(command -v busybox)" "$start/bin/busybox"
for module in virtio_pci virtio_blk crc32c_generic ext4; do
    modprobe --set-version "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' >"$folder/modules"
number=100
while read -r module; do
    cp "$module" "$start/modules/$((number++)).ko"
done <"$folder/modules"
cat >"$start/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs none /dev
echo boot-vm: up >/dev/ttyS0
for module in /modules/*.ko; do /bin/busybox insmod "$module"; done
/bin/busybox mount -t ext4 /dev/vda /root || exec /bin/busybox sh
exec /bin/busybox switch_root /root /sbin/init
END
chmod +x "$start/init"
(cd "$start" && find . | cpio --quiet -o -H newc -R 0:0) >"$folder/initramfs"

# no_timer_check: on a busy machine the emulated timer is late when the kernel tries it out.
power_on() {
    : >"$folder/said"
    : >"$folder/console"
    setpriv --pdeathsig KILL qemu-system-x86_64 -accel tcg,thread=multi -cpu max,-erms,-fsrm -smp 4 -m 896M \
        -object memory-backend-ram,id=m0,size=448M -numa node,nodeid=0,cpus=0-1,memdev=m0 \
        -object memory-backend-ram,id=m1,size=448M -numa node,nodeid=1,cpus=2-3,memdev=m1 \
        -kernel "$kernel" -initrd "$folder/initramfs" -append "console=ttyS0 root=/dev/vda quiet panic=-1 no_timer_check systemd.show_status=no" \
        -drive "file=$folder/disk,format=raw,if=virtio,cache=writeback" -display none -no-reboot -nic none \
        -serial file:"$folder/console" -serial file:"$folder/said" >"$folder/qemu" 2>&1 </dev/null &
    qemu_pid=$!
    powered_on=$SECONDS
}

cut_power() {
    kill -KILL "$qemu_pid"
    wait "$qemu_pid" 2>/dev/null || true
}

# Now and then qemu's CPUs all spin as the kernel boots, for ever: a machine whose kernel isn't up in this time, which is ten times
# what it takes, is started anew. Nothing has touched its disk.
readonly kernel_seconds=100
# boot_once NAME: boots until the service is through, then cuts the power.
boot_once() {
    local begin=$SECONDS
    power_on
    until grep -q '^end' "$folder/said"; do
        if ! kill -0 "$qemu_pid" 2>/dev/null || ((SECONDS - begin > deadline)); then
            cat "$folder/qemu" "$folder/said" >&2
            tail -40 "$folder/console" >&2
            fail "$1: the sealer's service wasn't through after $((SECONDS - begin)) s"
        fi
        if ((SECONDS - powered_on > kernel_seconds)) && ! grep -q 'boot-vm: up' "$folder/console"; then
            echo "$1: the kernel isn't up after $kernel_seconds s; starting the machine anew" >&2
            cut_power
            power_on
        fi
        sleep 0.2
    done
    cut_power
    sed 's/\r$//' "$folder/said" >"$folder/$1"
    echo "$1: booted and sealed in $((SECONDS - begin)) s"
}

value_of() { sed -n "s/^$2 //p" "$folder/$1"; }

check() {
    local said=$folder/$1 node served
    for node in 0 1; do
        [[ $(value_of "$1" "status$node") == 0 ]] || { cat "$said" >&2; fail "$1: the sealer failed on node $node"; }
        served=$(grep -c "leased memory file: /mnt/huge/pc1/numa_$node/" "$said" || true)
        ((served == 2)) || { cat "$said" >&2; fail "$1: $served buffers, not 2, were served on node $node"; }
        grep -qF "hugepage_shim_files{pool=\"/mnt/huge/pc1\",node=\"$node\",size=\"2097152\",state=\"free\"} 2" "$said" ||
            { cat "$said" >&2; fail "$1: the metrics do not tell of two free files on node $node"; }
        grep -qF "hugepage_shim_wanted_files{pool=\"/mnt/huge/pc1\",node=\"$node\",size=\"2097152\"} 2" "$said" ||
            { cat "$said" >&2; fail "$1: the metrics do not tell of two wanted files on node $node"; }
    done
    for line in 'Active: active' 'Status: "degraded: node 0: [0-9]* of 1000 files"' 'node 0 is short: .* missing, [0-9]* got'; do
        grep -q "^short .*$line" "$said" || { cat "$said" >&2; fail "$1: where pages are too few, systemctl status does not say: $line"; }
    done
    (($(value_of "$1" ready) > 0 && $(value_of "$1" ready) <= $(value_of "$1" started))) ||
        { cat "$said" >&2; fail "$1: the sealer started before the files were ready"; }
    echo "$1: files ready at $(($(value_of "$1" ready) / 1000)) ms, sealer started at $(($(value_of "$1" started) / 1000)) ms; served on both nodes"
}

boot_once first
check first
boot_once second
check second
[[ $(value_of first boot) != "$(value_of second boot)" ]] || fail "it was booted only once"
