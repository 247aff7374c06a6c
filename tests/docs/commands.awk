# The commands of documents, in their order: lines that begin with "$ " in blocks that begin with ```console, with the next line where one ends
# with "\". A comment before a block, <!-- run by TEST --> or <!-- not run: REASON -->, is about that block.
#
#   awk -v by=TEST -f commands.awk DOCUMENT...         prints the commands that TEST runs
#   awk -v folder=FOLDER -f commands.awk DOCUMENT...   writes those of blocks without a comment to FOLDER/1.command and so on, what the
#                                                      document says that they print to FOLDER/1.printed; also the commands in the last
#                                                      column of tables that is headed "type"
function add(command) {
    if (by != "") {
        print command
        return
    }
    close(file ".printed")
    file = folder "/" ++count
    print command >(file ".command")
    close(file ".command")
}

FNR == 1 { marker = ""; block = ""; is_typed = 0 }
/^<!-- (run by|not run:) .* -->$/ { marker = $0; next }
/^ *```/ {
    if (block == "") {
        block = /```console$/ ? "console" : "other"
        is_wanted = block == "console" && marker == (by == "" ? "" : "<!-- run by " by " -->")
        marker = ""
    } else
        block = ""
    next
}
block != "" && !is_wanted { next }
block != "" && /^\$ / {
    command = substr($0, 3)
    while (command ~ /\\$/ && (getline line) > 0) command = command "\n" line
    add(command)
    next
}
block != "" && by == "" { print >(file ".printed"); next }
/^\|.*\| type \|$/ { is_typed = 1; next }
!/^\|/ { is_typed = 0 }
is_typed && by == "" && !/^\|-/ {
    gsub(/\\\|/, "\001")
    cells = split($0, cell, "|")
    parts = split(cell[cells - 1], part, "`")
    for (i = 2; i <= parts; i += 2) {
        gsub(/\001/, "|", part[i])
        add(part[i])
    }
}
