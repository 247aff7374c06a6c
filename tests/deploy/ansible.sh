#!/usr/bin/env bash
# The Ansible role on this machine, in a mount namespace of its own with a /run and an /etc/systemd/system of its own: files and units
# are made, the second time nothing changes, and hugepagectl takes everything back.
#   ansible.sh FOLDER-OF-HUGEPAGECTL FOLDER-OF-THE-PROJECT      77: not root
set -euo pipefail
if [[ ${3:-} != inside ]]; then
    ((EUID == 0)) || exit 77
    exec unshare --mount -- bash "$0" "$1" "$2" inside
fi
programs=$1 project=$2
scratch=$(mktemp -d)
# Takes everything back, in this namespace, however this ends.
. "$project/scripts/guarded.sh"
guarded --remove "$scratch" --run "'$programs/hugepagectl' remove --all >/dev/null 2>&1; umount -l '$scratch' /run /etc/systemd/system" ||
    { echo "$answer" >&2; exit 1; }
trap 'status=$?; let_go; exit "$status"' EXIT
mount -t tmpfs none "$scratch"
mount -t tmpfs none /run
mkdir -p /etc/systemd/system
mount -t tmpfs none /etc/systemd/system
export PATH=$programs:$PATH ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_NOCOLOR=1 ANSIBLE_HOME=$scratch/ansible ANSIBLE_LOCAL_TEMP=$scratch/local ANSIBLE_REMOTE_TEMP=$scratch/remote

cat >"$scratch/site.yml" <<PLAY
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: /usr/bin/python3
    hugepage_shim_path: $scratch/huge/pc1
    hugepage_shim_size: 4MiB
    hugepage_shim_num: 2
    hugepage_shim_page_size: 2MiB
    hugepage_shim_config: $scratch/hugepage-shim.conf
    hugepage_shim_service: sealer.service
  roles:
    - role: $project/scripts/deploy/ansible/roles/hugepage_shim
PLAY
play() { ansible-playbook -i localhost, "$scratch/site.yml" || { echo "the role failed" >&2; exit 1; }; }
# expect TEXT PATTERN
expect() { grep -qE "$2" <<<"$1" || { printf '%s\nnot found: %s\n' "$1" "$2" >&2; exit 1; }; }

first=$(play)
expect "$first" 'localhost +: ok=[0-9]+ +changed=3 '
[[ -f $scratch/huge/pc1/numa_0/4.0_MiB_1 ]]
[[ -f /etc/systemd/system/sealer.service.d/50-hugepage-shim.conf ]]
second=$(play)
expect "$second" 'localhost +: ok=[0-9]+ +changed=0 '
hugepagectl remove --all >/dev/null
[[ ! -e $scratch/huge/pc1 ]]
