#!/bin/sh
# The documents' commands that need root, huge pages and two nodes, as they stand there, in their order; and what a document says that they
# print. Only sizes are this machine's (32 GiB are 16 MiB to the programs here), and what is not of this project has a stand-in: sudo, systemctl,
# lotus-worker. The machine has two free pages of 1 GiB on each node.
#   documents.sh PROJECT BUILD DOCUMENT...
set -eu
project=$1 build=$2
shift 2
[ -e /bin/busybox ] && [ ! -e /etc/os-release ] || { echo "documents.sh is for scripts/numa-vm.sh: it replaces programs" >&2; exit 2; }
ctl=$build/tools/ctl/hugepagectl file_init=$build/tools/file_init/hugepage-file-init pc1_label=$build/tools/pc1/pc1-label
commands=/tmp/commands service_log=/tmp/service.log document='' sealer='' put_off=''

fail() { echo "documents: $document: $*" >&2; exit 1; }
state() { cat /sys/devices/system/node/node?/hugepages/hugepages-2048kB/nr_hugepages /proc/mounts; }

# --- the machine, as before any setup, and the stand-ins -----------------------------------------------------------
umount /mnt/huge
for pages in /sys/devices/system/node/node?/hugepages/hugepages-2048kB/nr_hugepages; do echo 0 >"$pages"; done
mkdir -p /run /usr/local/bin /tmp/sealer /etc/systemd/system /var/lib/prometheus/node-exporter /usr/share/doc/hugepage-shim/examples
printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'sealer:x:1000:1000::/:/bin/sh' 'curio:x:1001:1001::/:/bin/sh' >/etc/passwd
printf '%s\n' 'root:x:0:' 'sealer:x:1000:' 'curio:x:1001:' >/etc/group
export USER=root
cp "$build"/libhugepage_shim.so "$build"/libhugepage_shim_heap.so /lib/x86_64-linux-gnu/
cp "$project/packaging/systemd/zz-hugepage-shim.conf" /usr/share/doc/hugepage-shim/examples/
cp "$pc1_label" /tmp/sealer/lotus-worker

cat >/usr/local/bin/sudo <<'END'
#!/bin/sh
[ "$1" = -u ] || exec "$@"
user=$(id -u "$2")
shift 2
exec /usr/bin/setpriv --reuid="$user" --regid="$user" --clear-groups "$@"
END

# A sealer on node 0, for longer than this takes.
cat >/usr/local/bin/lotus-worker <<'END'
#!/usr/bin/dash
[ "$*" = run ] || exit 2
exec numactl --cpunodebind=0 /tmp/sealer/lotus-worker --sector-size 16MiB --layers 200 --producers 0
END

# To be sourced: gives arguments this machine's sizes. Files of 1 GiB where pages of 1 GiB are asked for.
cat >/usr/local/bin/small <<'END'
case " $* " in
    *" 1GiB "*) at_32=1GiB at_64=1GiB ;;
    *) at_32=16MiB at_64=32MiB ;;
esac
for argument; do
    shift
    case $argument in
        32GiB | --size=32GiB) argument=${argument%32GiB}$at_32 ;;
        64GiB) argument=$at_64 ;;
        64MiB) argument=1MiB ;;
        10000000) argument=1000 ;;
        /etc/hugepage-shim.conf)
            argument=/run/small.conf
            ! grep -q '^page-size = 1GiB' /etc/hugepage-shim.conf || at_32=1GiB at_64=1GiB
            sed "s/32GiB/$at_32/; s/64GiB/$at_64/" /etc/hugepage-shim.conf >$argument
            ;;
    esac
    set -- "$@" "$argument"
done
END
for program in "$ctl" "$file_init"; do
    printf '#!/bin/sh\n. /usr/local/bin/small\nexec %s "$@"\n' "$program" >"/usr/local/bin/${program##*/}"
done
cat >/usr/local/bin/pc1-label <<END
#!/bin/sh
case "\$*" in
    "compare --sector 32GiB") set -- compare --sector 16MiB --path single-core --minutes 0.001 ;;
    "parents "*) set -- parents --sector-size 1MiB --digest ;;
    *) . /usr/local/bin/small ;;
esac
exec $pc1_label "\$@"
END

# Of the units what they start; scripts/boot-vm.sh tries them with systemd.
cat >/usr/local/bin/systemctl <<END
#!/bin/sh
case "\$*" in
    "enable --now hugepage-shim.service")
        exec sh -c "\$(sed -n 's,^ExecStart=@bindir@/,,p' $project/packaging/systemd/hugepage-shim.service.in)"
        ;;
    "stop lotus-worker.service" | "restart lotus-worker.service")
        kill \$(pidof lotus-worker) 2>/dev/null
        while pidof lotus-worker >/dev/null; do sleep 0.1; done
        [ "\$1" = restart ] || exit 0
        env \$(sed -n 's/^Environment=//p' /etc/systemd/system/lotus-worker.service.d/*.conf) sudo -u sealer lotus-worker run >$service_log 2>&1 &
        ;;
    "daemon-reload" | "enable --now hugepage-shim-metrics.timer" | "disable --now hugepage-shim.service hugepage-shim-metrics.timer") ;;
    *) exit 1 ;;
esac
END
chmod 755 /usr/local/bin/*

# --- what a document says ------------------------------------------------------------------------------------------
stop_sealer() {
    kill $(pidof lotus-worker) 2>/dev/null || true
    [ -z "$sealer" ] || wait $sealer || true
    while pidof lotus-worker >/dev/null; do sleep 0.1; done
    sealer=''
}

# wait_for_two_leases LOG: of the sealer that was started last.
wait_for_two_leases() {
    for _ in $(seq 1200); do
        [ "$(grep -c 'leased memory file' "$1")" -lt 2 ] || return 0
        [ -z "$sealer" ] || kill -0 $sealer 2>/dev/null || break
        sleep 0.1
    done
    fail "no sealer is served: $(cat "$1")"
}

# start COMMAND LOG: a sealer, until it has both buffers.
start() {
    sh -c "exec $1" >"$2" 2>&1 &
    sealer=$!
    wait_for_two_leases "$2"
}

# Runs FILE.command.
run() {
    command=$(sed 's/32\.0_GiB/16.0_MiB/g; s/^echo 32768 /echo 16 /' "$1.command") said=$1.said status=0
    echo "\$ $command"
    case $command in
        *--watch*) timeout -s INT 5 sh -c "exec $command" >"$said" 2>&1 || status=$? ;;
        *" run "*" lotus-worker run") start "$command" "$said" ;;
        *) sh -c "$command" >"$said" 2>&1 || status=$? ;;
    esac
    cat "$said"
    case $status:$command in
        0:* | 130:*--watch*) ;;  # 130: Ctrl-C
        *) fail "$command: exit status $status" ;;
    esac
    case $command in
        *"restart lotus-worker.service") sealer='' && wait_for_two_leases $service_log ;;
        *" compare "*)
            for memory in '4 KiB pages' 'transparent huge' 'page-aligned THP' 'shim, 2 MiB pages'; do
                for place in near far; do
                    grep -q "^$memory, $place " "$said" || fail "it measures no $memory, $place"
                done
            done
            ;;
    esac
    [ -e "$1.printed" ] || return 0
    sed '/^…$/d; s/32\.0\([ _]\)GiB/16.0\1MiB/g; s/[].*^$[\\]/\\&/g; s/…/.*/g' "$1.printed" >/tmp/patterns
    while IFS= read -r pattern; do
        grep -q "^$pattern\$" "$said" || fail "$command doesn't print: $pattern"
    done </tmp/patterns
}

for document; do
    echo "--- $document"
    rm -rf $commands
    mkdir $commands
    awk -v folder=$commands -f "$project/tests/docs/commands.awk" "$project/$document"
    count=$(ls $commands | grep -c command) || fail "it has no commands"
    before=$(state)
    # These are about a pool and a sealer that are there.
    needs_pool=''
    case $document in docs/recipes.md | docs/troubleshooting.md | docs/pc1-label.md) needs_pool=yes ;; esac
    if [ -n "$needs_pool" ]; then
        hugepagectl setup --size 32GiB --num 2 --path /mnt/huge/pc1 --user sealer >/dev/null || fail "setup fails"
        start "sudo -u sealer hugepagectl run --files-path /mnt/huge/pc1 -- lotus-worker run" $service_log
    fi
    for number in $(seq "$count"); do
        # What removes all comes when the sealer has ended.
        if [ -n "$sealer" ] && grep -q 'remove --all' $commands/"$number".command; then
            put_off=$number
        else
            run $commands/"$number"
        fi
    done
    stop_sealer
    [ -z "$put_off" ] || run $commands/"$put_off"
    put_off=''
    [ -z "$needs_pool" ] || hugepagectl remove --all >/dev/null || fail "remove fails"
    [ "$(state)" = "$before" ] || fail "left: $(state), before: $before"
done
