# For the scripts that an operator's commands are in, on a machine with two nodes: what they share. Read by `.` as they begin.
pool=/mnt/operator/pc1

fail() { echo "${0##*/}: $*" >&2; exit 1; }
has() { case $1 in *"$2"*) ;; *) fail "no '$2' in: $1" ;; esac; }
# of_node NODE [free|surplus]: how many pages of 2 MiB there are, or so many of them.
of_node() { cat "/sys/devices/system/node/node$1/hugepages/hugepages-2048kB/${2:-nr}_hugepages"; }
state() { cat /sys/devices/system/node/node?/hugepages/hugepages-*/nr_hugepages /proc/mounts; }

mkdir -p /run
before=$(state)
expect_as_before() {
    [ "$(state)" = "$before" ] || fail "left: $(state), before: $before"
    [ ! -e ${pool%/*} ] || fail "${pool%/*} is there still"
    [ ! -e /run/hugepage-shim ] || fail "left: $(ls /run/hugepage-shim)"
}
