# Completions for fish, of hugepagectl, hugepage-file-init and pc1-label: whatever their --help lists.

function __hugepage_shim_commands --argument-names tool
    $tool --help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*) {2,}(.*)' '$1\t$2'
    test "$tool" = pc1-label; and printf 'compare\tSay what the shim would gain here\nparents\tDigest the parents of all labels\n'
end

# The command that the line has named so far, if any.
function __hugepage_shim_command
    set -l tokens (commandline -opc)
    set -l known (__hugepage_shim_commands $tokens[1] | string replace -r '\t.*' '')
    for token in $tokens[2..-1]
        if contains -- $token $known
            echo $token
            return 0
        end
    end
    return 1
end

function __hugepage_shim_options
    set -l tokens (commandline -opc)
    $tokens[1] (__hugepage_shim_command) --help 2>/dev/null | string match -r '^  -.*' | while read -l line
        set -l text (string replace -r '^ *\S+ *([A-Z]+( |$))? *' '' -- $line)
        for name in (string match -r '^ *(\S+)' -- $line)[2]
            for one in (string split , -- $name)
                printf '%s\t%s\n' $one $text
            end
        end
    end
end

function __hugepage_shim_wants_option
    string match -q -- '-*' (commandline -ct)
end

# Whether a value of one of these options is wanted.
function __hugepage_shim_follows
    contains -- (commandline -opc)[-1] --$argv
end

# What follows "--" is a command of its own.
function __hugepage_shim_is_past_dashes
    contains -- -- (commandline -opc)
end

function __hugepage_shim_inner_command
    set -l tokens (commandline -opc)
    set -l begin (math (contains -i -- -- $tokens) + 1)
    set -l inner
    test $begin -le (count $tokens); and set inner (string escape -- $tokens[$begin..-1])
    complete -C (string join ' ' -- $inner (commandline -ct))
end

for tool in hugepagectl hugepage-file-init pc1-label
    complete -c $tool -f
    complete -c $tool -n '__hugepage_shim_wants_option; and not __hugepage_shim_is_past_dashes' -a '(__hugepage_shim_options)'
    complete -c $tool -n 'not __hugepage_shim_command; and not __hugepage_shim_is_past_dashes' -a "(__hugepage_shim_commands $tool)"
    complete -c $tool -n __hugepage_shim_is_past_dashes -xa '(__hugepage_shim_inner_command)'
    complete -c $tool -n '__hugepage_shim_follows path files-path root' -xa '(__fish_complete_directories)'
    complete -c $tool -n '__hugepage_shim_follows config prometheus library' -rF
    complete -c $tool -n '__hugepage_shim_follows user' -xa '(__fish_complete_users)'
    complete -c $tool -n '__hugepage_shim_follows group' -xa '(__fish_complete_groups)'
    complete -c $tool -n '__hugepage_shim_follows page-size' -xa 'auto 1GiB 2MiB'
    complete -c $tool -n '__hugepage_shim_follows size sector sector-size' -xa '32GiB 64GiB 512MiB'
    complete -c $tool -n '__hugepage_shim_follows log' -xa 'off error warn info debug trace'
end
