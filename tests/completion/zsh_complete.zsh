#!/usr/bin/env zsh
# Prints what zsh offers for a command line: types it, and a tab, into a zsh of its own.
#   zsh_complete.zsh FOLDER-OF-COMPLETIONS LINE
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PS1=; unsetopt zle_bracketed_paste 2>/dev/null; fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell "zstyle ':completion:*' list-grouped no; zstyle ':completion:*:default' list-prompt ''; LISTMAX=1000"
# Each match as a line of its own instead of a menu.
zpty -w shell 'compadd() { builtin compadd "$@"; local -a all; builtin compadd -O all "$@"; (( $#all )) && print -rl -- "" "offered: "$^all }'
# A tab completes, and says when it has: nothing is to be typed before.
zpty -w shell "complete-and-say() { zle expand-or-complete; print -r -- do''ne }; zle -N complete-and-say; bindkey '^I' complete-and-say"
zpty -w shell "print -r -- rea''dy"
zpty -r -m shell text '*ready*'
zpty -w -n shell "$2"$'\t'
zpty -r -m shell text '*done*'
zpty -d shell
print -rn -- $text | tr -d '\r' | sed -n 's/^offered: //p' | sort -u
