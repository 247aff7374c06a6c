#!/usr/bin/env bash
# What each shell offers for some command lines, against what the programs' --help lists.
#   completion_test.sh bash|zsh|fish FOLDER-OF-COMPLETIONS FOLDERS-OF-PROGRAMS
set -euo pipefail
shell=$1 completions=$2
export PATH=$3:$PATH
here=$(cd "$(dirname "$0")" && pwd)

offers() {
    case $shell in
        zsh) zsh "$here/zsh_complete.zsh" "$completions" "$1" ;;
        fish) fish --no-config -c 'source $argv[1]/hugepagectl.fish; complete -C $argv[2]' "$completions" "$1" | cut -f1 ;;
        bash)
            bash --norc -c '. /usr/share/bash-completion/bash_completion; . "$1/hugepagectl.bash"
                read -ra COMP_WORDS <<<"$2"; [[ $2 != *" " ]] || COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$2 COMP_POINT=${#2} COMPREPLY=()
                compopt() { :; }
                _hugepage_shim "${COMP_WORDS[0]}" && printf "%s\n" "${COMPREPLY[@]}"' - "$completions" "$1"
            ;;
    esac | sort
}

# expect LINE OFFER...: just these.
expect() {
    local line=$1 got
    shift
    got=$(offers "$line")
    [[ $got == "$(printf '%s\n' "$@" | sort)" ]] || { printf '%s: "%s" offers:\n%s\n' "$shell" "$line" "$got" >&2; exit 1; }
}

expect 'hugepagectl pl' plan
expect 'hugepagectl plan --sec' --sector
expect 'hugepagectl plan --page-size ' 1GiB 2MiB auto
expect 'hugepage-file-init --use' --user
expect 'pc1-label par' parents
expect 'pc1-label parents --dig' --digest
expect 'pc1-label --sec' --sector-size
[[ $(offers 'hugepagectl ') == "$(hugepagectl --help | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z-]*\)  .*/\1/p' | sort)" ]] ||
    { echo "$shell: not all commands" >&2; exit 1; }
