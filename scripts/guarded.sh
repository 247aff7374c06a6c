# shellcheck shell=bash
# For other scripts, to be sourced: a guardian (guardian.sh) for as long as this script and what it starts are there, or until let_go.
# One at a time.

# guarded STEP...: returns 0 when the steps are done; else $answer says why not, and nothing is done. $as_root may be sudo and the like.
guarded() {
    local folder
    answer='no folder for temporary files'
    folder=$(mktemp -d) && mkfifo "$folder/answers" || return 1
    exec {lifeline}> >(exec ${as_root:-} "${BASH_SOURCE[0]%/*}/guardian.sh" "$@" >"$folder/answers")
    exec {answers}<"$folder/answers"
    rm -r "$folder"
    read -r answer <&"$answers" || answer='the guardian ended without an answer'
    [[ $answer == ok ]] || { let_go; return 1; }
}

# own_run_and_etc FOLDER: a /run that is empty, and an /etc whose changes stay in FOLDER. In a mount namespace of the caller's own.
own_run_and_etc() {
    mount -t tmpfs none "$1"
    mount -t tmpfs none /run
    mkdir "$1/etc" "$1/work"
    mount -t overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work" none /etc
}

# Returns when everything is undone.
let_go() {
    exec {lifeline}>&-
    cat <&"$answers"
    exec {answers}<&-
    unset lifeline answers
}
