# Completions for bash, of hugepagectl, hugepage-file-init and pc1-label: whatever their --help lists.

# The commands of a tool.
_hugepage_shim_commands() {
    "$1" --help 2>/dev/null | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z-]*\)  .*/\1/p'
    [[ ${1##*/} != pc1-label ]] || printf '%s\n' compare parents
}

_hugepage_shim() {
    local cur prev words cword split
    _init_completion -s || return

    local commands command='' i
    commands=$(_hugepage_shim_commands "$1")
    for ((i = 1; i < cword; i++)); do
        if [[ -z $command && ${words[i]} != -* ]] && grep -qxF -- "${words[i]}" <<<"$commands"; then
            command=${words[i]}
        elif [[ ${words[i]} == -- ]]; then
            _command_offset $((i + 1))  # of "run -- COMMAND"
            return
        fi
    done

    case $prev in
        --path | --files-path | --root) _filedir -d; return ;;
        --config | --prometheus | --library) _filedir; return ;;
        --user) _allowed_users; return ;;
        --group) _allowed_groups; return ;;
        --page-size) COMPREPLY=($(compgen -W 'auto 1GiB 2MiB' -- "$cur")); return ;;
        --size | --sector | --sector-size) COMPREPLY=($(compgen -W '32GiB 64GiB 512MiB' -- "$cur")); return ;;
        --log) COMPREPLY=($(compgen -W 'off error warn info debug trace' -- "$cur")); return ;;
        --service) COMPREPLY=($(compgen -W '$(systemctl list-unit-files --type=service --no-legend 2>/dev/null | cut -d" " -f1)' -- "$cur")); return ;;
        --pid) _pids; return ;;
    esac
    $split && return

    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '$(_parse_help "$1" "$command --help")' -- "$cur"))
        [[ ${COMPREPLY-} != *= ]] || compopt -o nospace
    elif [[ -z $command ]]; then
        COMPREPLY=($(compgen -W '$commands' -- "$cur"))
    fi
} &&
    complete -F _hugepage_shim hugepagectl hugepage-file-init pc1-label
