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

# Returns when everything is undone.
let_go() {
    exec {lifeline}>&-
    cat <&"$answers"
    exec {answers}<&-
    unset lifeline answers
}
