#!/bin/sh
# Changes the machine for another program, and undoes it when that program is gone, however it ended.
#
#   guardian.sh STEP...      STEPs are done in this order and undone in the reverse order:
#
#     --remove FOLDER            undo: unmounts what is mounted in the folder, and removes it with everything in it
#     --run COMMAND              undo: runs COMMAND by sh -c
#     --set FILE VALUE           writes VALUE to a file of /sys or /proc; undo: what was there before (b, if "a [b] c" was there). Two
#                                programs that set the same file must take turns
#     --pages BYTES COUNT NODE   adds COUNT huge pages of BYTES on NODE ("any": the kernel chooses); undo: takes as many away
#     --mount FOLDER OPTIONS     after --pages: mounts hugetlbfs, limited to these pages, on FOLDER; undo: empties and unmounts it
#
# It answers with one line on stdout: "ok", or what could not be done and why; then everything is undone already. It undoes when its
# stdin ends: the program, and every child that has inherited the other end, closes it, exits or is killed. Its stdout ends when
# everything is undone; what could not be undone is said on stderr. It is nobody's child and leads its own session, so neither a
# terminal's signals nor who kills a program together with its children ends it. Any POSIX shell with `local` runs it, busybox's too.
set -u
# From the first moment on: also until it has a session of its own.
trap '' INT TERM HUP QUIT PIPE

newline='
'
answered=
problem=
failed=0

fail() {
    if [ -n "$answered" ]; then echo "guardian: $1" >&2; else problem=${problem:-"${1%%"$newline"*}"}; fi
    failed=1
}

is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }

# Whether all the steps make sense; nothing is done yet.
check() {
    local has_pages=
    while [ $# -gt 0 ]; do
        case $1,$# in
            --remove,1 | --run,1 | --set,[12] | --pages,[123] | --mount,[12]) fail "$1 needs more arguments"; return 1 ;;
        esac
        case $1 in
            --remove)
                case $2 in /?*) ;; *) fail "--remove '$2': must be the whole path of a folder"; return 1 ;; esac
                shift 2
                ;;
            --run) shift 2 ;;
            --set) shift 3 ;;
            --pages)
                is_number "$2" && is_number "$3" && { is_number "$4" || [ "$4" = any ]; } ||
                    { fail "--pages $2 $3 $4: must be bytes, a number, and a node or 'any'"; return 1; }
                has_pages=yes
                shift 4
                ;;
            --mount)
                [ -n "$has_pages" ] || { fail "--mount $2: must come after --pages"; return 1; }
                shift 3
                ;;
            *) fail "unknown step '$1'; see guardian.sh --help"; return 1 ;;
        esac
    done
}

case ${1:-} in
    '' | -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    in-own-session) shift ;;
    *)
        check "$@" || { echo "$problem"; exit 2; }
        exec 3<&0
        setsid "$0" in-own-session "$@" <&3 3<&- &
        exit 0
        ;;
esac
# Without a guardian nothing is given back: it must not be killed when memory is short.
{ echo -1000 >/proc/self/oom_score_adj; } 2>/dev/null

write() { # FILE VALUE
    local why
    why=$({ printf '%s\n' "$2" >"$1"; } 2>&1) || { fail "write $2 to $1: ${why##*: }"; return 1; }
}

# The functions for pages use their caller's $everywhere (the kernel's counters of this page size) and $counters (the node's).

# $asked_for: the pages without surplus ones, which the kernel frees when they are no longer in use. $there: all.
count_pages() {
    local surplus
    read -r there <"$counters/nr_hugepages"
    read -r surplus <"$counters/surplus_hugepages"
    asked_for=$((there - surplus))
}

# change_pages BY [from there]: BY from the number asked for, or from all that are there: so that surplus pages, which are in use, are
# not taken for new ones. $changed: by how many the number asked for has changed. $more: how many pages there are more.
change_pages() {
    local asked_before there_before number
    exec 9<"$everywhere/nr_hugepages"
    flock -w 10 9 2>/dev/null  # where there is one; nobody can stop this for ever
    count_pages
    asked_before=$asked_for there_before=$there
    number=$(($asked_for + $1))
    [ $# -eq 1 ] || number=$((there + $1))
    [ "$number" -ge 0 ] || number=0
    { echo "$number" >"$counters/nr_hugepages"; } 2>/dev/null
    count_pages
    changed=$((asked_for - asked_before)) more=$((there - there_before))
    exec 9<&-
}

# add_pages COUNT NODE: $got is how many pages there are more, $added how many to take away. Where memory is fragmented, the kernel is
# asked to compact it.
add_pages() {
    local try compact=/proc/sys/vm/compact_memory
    [ "$2" = any ] || compact=/sys/devices/system/node/node$2/compact
    added=0 got=0
    for try in 1 2 3 4 5; do
        [ "$try" -eq 1 ] || { echo 1 >"$compact"; } 2>/dev/null
        change_pages $(($1 - got)) from there
        added=$((added + changed)) got=$((got + more))
        [ "$got" -lt "$1" ] || return 0
    done
    return 1
}

take_away() {
    change_pages $((-$1))
    [ "$changed" -eq $((-$1)) ] || fail "take away $1 huge pages by $counters/nr_hugepages: $((-changed)) were"
}

# The last mount point in a folder, as the kernel writes it: with \040 for a blank and the like.
last_mount_in() {
    awk -v folder="$1/" 'index($5 "/", folder) == 1 && $5 "/" != folder { last = $5 } END { if (last != "") print last }' /proc/self/mountinfo
}

remove() {
    local mount tries=0 folder
    folder=$(printf '%s' "$1" | sed 's/\\/\\134/g; s/ /\\040/g')
    while mount=$(last_mount_in "$(printf '%s' "$folder" | sed 's/\\/\\\\/g')") && [ -n "$mount" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] && umount -l "$(printf '%b' "$(printf '%s' "$mount" | sed 's/\\/\\0/g')")" ||
            { fail "remove $1: $mount is mounted there"; return; }
    done
    [ ! -e "$1" ] || find "$1" -xdev -depth -delete || fail "remove $1"
}

# Does the first step, then the others, and undoes the first when the others are undone. A step sees the variables of those before it,
# which some shells hand to `local` and others don't.
perform() {
    local place before device everywhere="${everywhere:-}" counters="${counters:-}" added=0 got=0 bytes="${bytes:-}" total="${total:-}"
    if [ $# -eq 0 ]; then
        [ -n "$problem" ] || echo ok
        answered=yes
        while read -r before; do :; done
        return
    fi
    case $1 in
        --remove)
            place=$2
            shift 2
            perform "$@"
            remove "$place"
            ;;
        --run)
            before=$2
            shift 2
            perform "$@"
            sh -c "$before" >&2 </dev/null || fail "run $before"
            ;;
        --set)
            place=$2
            [ -r "$place" ] || { fail "no file $place that can be read"; return; }
            before=$(cat "$place")  # by one read, which is all that /proc/sys answers: dash's own reads a byte
            case $before in *\[*\]*) before=${before#*\[} before=${before%%\]*} ;; esac
            write "$place" "$3" || return
            shift 3
            perform "$@"
            write "$place" "$before"
            ;;
        --pages)
            bytes=$2 total=$(($2 * $3)) everywhere=/sys/kernel/mm/hugepages/hugepages-$(($2 / 1024))kB place=
            counters=$everywhere
            if [ "$4" != any ] && [ -d /sys/devices/system/node ]; then  # which a kernel without NUMA lacks
                counters=/sys/devices/system/node/node$4/hugepages/${everywhere##*/} place=" on node $4"
            fi
            if [ ! -d "$counters" ]; then
                fail "the kernel has no huge pages of $((bytes / 1024)) KiB$place"
            elif [ ! -w "$counters/nr_hugepages" ]; then
                fail "asked for $3 huge pages of $((bytes / 1024)) KiB$place: only root may write to $counters/nr_hugepages"
            elif ! add_pages "$3" "$4"; then
                fail "asked for $3 huge pages of $((bytes / 1024)) KiB$place, got $got: memory is too full or too fragmented"
                take_away "$added"
            else
                shift 4
                perform "$@"
                take_away "$added"
            fi
            ;;
        --mount)
            place=$2
            before=$(mount -t hugetlbfs -o "pagesize=$((bytes / 1024))K,size=$total,$3" none "$place" 2>&1) ||
                { fail "mount hugetlbfs on $place: $before"; return; }
            device=$(stat -c %d "$place")
            shift 3
            perform "$@"
            if [ "$(stat -c %d "$place" 2>/dev/null)" = "$device" ]; then
                # Files are removed first: a copy of the mount in another namespace would keep their pages.
                find "$place" -xdev -mindepth 1 -delete
                umount "$place" 2>/dev/null || umount -l "$place" || fail "unmount $place"
            fi
            ;;
    esac
}

perform "$@"
[ -z "$problem" ] || echo "$problem"
exit "$failed"
