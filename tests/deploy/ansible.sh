#!/usr/bin/env bash
# The Ansible role on this machine, in a mount namespace of its own with a /run and an /etc of its own: files are made, the unit is enabled
# and the sealer's drop-in written, the second time nothing changes, and hugepagectl takes everything back.
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
guarded --remove "$scratch" --run "'$programs/hugepagectl' remove --all >/dev/null 2>&1; umount -l '$scratch' /run /etc" ||
    { echo "$answer" >&2; exit 1; }
trap 'status=$?; let_go; exit "$status"' EXIT
own_run_and_etc "$scratch"
# The package's unit; nothing starts it here.
sed "s|@bindir@|$programs|" "$project/packaging/systemd/hugepage-shim.service.in" >/etc/systemd/system/hugepage-shim.service
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
    hugepage_shim_service: sealer.service
  roles:
    - role: $project/deploy/ansible/roles/hugepage_shim
PLAY
play() { ansible-playbook -i localhost, "$scratch/site.yml" || { echo "the role failed" >&2; exit 1; }; }
# expect TEXT PATTERN
expect() { grep -qE "$2" <<<"$1" || { printf '%s\nnot found: %s\n' "$1" "$2" >&2; exit 1; }; }

first=$(play)
expect "$first" 'localhost +: ok=[0-9]+ +changed=5 '
[[ -f $scratch/huge/pc1/numa_0/4.0_MiB_1 ]]
[[ -L /etc/systemd/system/multi-user.target.wants/hugepage-shim.service ]]
grep -qx "Environment=HUGEPAGE_FILES_PATH=$scratch/huge/pc1" /etc/systemd/system/sealer.service.d/zz-hugepage-shim.conf
second=$(play)
expect "$second" 'localhost +: ok=[0-9]+ +changed=0 '
hugepagectl remove --all >/dev/null
[[ ! -e $scratch/huge/pc1 ]]
