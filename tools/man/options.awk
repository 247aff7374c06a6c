# Puts what a program's --help lists in the place of the lines "@options" and "@options COMMAND" of a manual page's source.
#   awk -v program=PATH [-v emulator=COMMAND] -f options.awk PAGE.scd
function marked(text) {
    gsub(/[\\*_]/, "\\\\&", text)
    gsub(/--[a-z][a-z-]*/, "*&*", text)  # other options
    return text
}

function finish(   names, count, i, line) {
    if (left == "") return
    sub(/ Excludes:.*/, "", left)
    count = split(left, words, " ")
    count = split(words[1], names, ",")
    for (i = 1; i <= count; i++) line = line (i > 1 ? ", " : "") "*" names[i] "*"
    value = words[2]
    if (value ~ /^\[/) value = "[_" substr(value, 2, length(value) - 2) "_]"
    else if (value != "") value = "_" value "_"
    print line (value == "" ? "" : " " value) "\n\t" marked(text) (text ~ /\.$/ ? "" : ".") "\n"
    left = ""
}

$1 != "@options" { print; next }

{
    help = emulator " '" program "' " $2 " --help"
    failed = 1
    while ((help | getline line) > 0) {
        if (line ~ /^  -/) {
            finish()
            failed = 0
            left = text = substr(line, 3)
            if (text ~ /  /) sub(/  +.*/, "", left) sub(/^.*[^ ]  +/, "", text)
            else text = ""
            # Each command has it.
            if (left == "-h,--help" && $2 != "") left = ""
        } else if (line ~ /^                    / && left != "") {
            sub(/^ +/, "", line)
            text = text (text == "" ? "" : " ") line
        } else finish()
    }
    finish()
    close(help)
    if (failed) {
        print "options.awk: no options: " help >"/dev/stderr"
        exit 1
    }
}
