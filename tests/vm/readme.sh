#!/bin/sh
# The README's commands that need root, huge pages and two nodes, as they stand there; and what it says that they print. Only the sizes are
# this machine's: 32 GiB means 16 MiB to the programs `hugepagectl`, `lotus-worker` and `pc1-label` here, which call the real ones.
#   readme.sh README HUGEPAGECTL PC1-LABEL
set -eu
readme=$1 ctl=$2 pc1_label=$3

fail() { echo "readme: $*" >&2; exit 1; }
state() { cat /sys/devices/system/node/node?/hugepages/hugepages-2048kB/nr_hugepages /proc/mounts; }

# As before any setup.
umount /mnt/huge
for pages in /sys/devices/system/node/node?/hugepages/hugepages-2048kB/nr_hugepages; do echo 0 >"$pages"; done
before=$(state)

mkdir -p /run /usr/local/bin /tmp/sealer /tmp/commands
echo 'root:x:0:0::/root:/bin/sh' >/etc/passwd
export USER=root
cp "$pc1_label" /tmp/sealer/lotus-worker
cat >/usr/local/bin/sudo <<'END'
#!/bin/sh
exec "$@"
END
cat >/usr/local/bin/lotus-worker <<'END'
#!/bin/sh
[ "$*" = run ] || exit 2
exec numactl --cpunodebind=0 /tmp/sealer/lotus-worker --sector-size 16MiB --layers 11 --producers 0
END
cat >/usr/local/bin/hugepagectl <<END
#!/bin/sh
for argument; do
    shift
    [ "\$argument" != 32GiB ] || argument=16MiB
    set -- "\$@" "\$argument"
done
exec $ctl "\$@"
END
cat >/usr/local/bin/pc1-label <<END
#!/bin/sh
[ "\$*" = "compare --sector 32GiB" ] || exit 2
exec $pc1_label compare --sector 64MiB --path single-core --minutes 0.001
END
chmod +x /usr/local/bin/*

# Each command of the sections, and the lines that the README shows below it.
awk -v folder=/tmp/commands '
    /^## / { wanted = $0 == "## Quick start" || $0 == "## Nothing happened?" }
    /^```/ { block = !block }
    wanted && block && /^\$ / { file = folder "/" ++count; print substr($0, 3) >(file ".command"); next }
    wanted && block && !/^```/ { print >(file ".printed") }' "$readme"

run() {
    command=$(cat "/tmp/commands/$1.command") said=/tmp/commands/$1.said
    echo "\$ $command"
    case $command in
        *" lotus-worker run")
            sh -c "exec $command" >"$said" 2>&1 &
            sealer=$!
            for _ in $(seq 600); do
                [ "$(grep -c 'leased memory file' "$said")" -lt 2 ] || break
                kill -0 $sealer 2>/dev/null || fail "it has ended: $(cat "$said")"
                sleep 0.1
            done
            ;;
        *) sh -c "$command" >"$said" 2>&1 || fail "exit status $?: $(cat "$said")" ;;
    esac
    cat "$said"
    case $command in
        *" compare "*)
            for memory in '4 KiB pages' 'transparent huge' 'shim, no pool' 'shim, 2 MiB pages'; do
                for place in near far; do
                    grep -q "^$memory, $place " "$said" || fail "it measures no $memory, $place"
                done
            done
            ;;
    esac
    [ -e "/tmp/commands/$1.printed" ] || return 0
    sed 's/32\.0\([ _]\)GiB/16.0\1MiB/g; s/[].*^$[\\]/\\&/g; s/…/.*/g' "/tmp/commands/$1.printed" >/tmp/patterns
    while IFS= read -r pattern; do
        grep -q "^$pattern\$" "$said" || fail "it doesn't print: $pattern"
    done </tmp/patterns
}

# What removes comes when the sealer has ended.
count=$(ls /tmp/commands/*.command | wc -l)
[ "$count" -ge 6 ] || fail "only $count commands are found in $readme"
sealer=''
for number in $(seq "$count"); do
    grep -q ' remove ' "/tmp/commands/$number.command" || run "$number"
done
[ -n "$sealer" ] || fail "no sealer was started"
kill $sealer
wait $sealer || true
removed=''
for number in $(seq "$count"); do
    ! grep -q ' remove ' "/tmp/commands/$number.command" || { run "$number"; removed=yes; }
done
[ -n "$removed" ] || fail "nothing was removed"
[ "$(state)" = "$before" ] || fail "left: $(state), before: $before"
