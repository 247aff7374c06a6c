// pc1-label: labels a sector as the first phase of sealing does, bit for bit, and says how long each part
// took; as 'pc1-label parents', digests the parents of all nodes; as 'pc1-label compare', says what the shim
// would gain here.
//
// stdout gets the result and nothing else; stderr gets messages and, on a terminal, the progress.
#include "tools/common/command_line.h"
#include "tools/pc1/commands.h"
#include "tools/pc1/stretch.h"

#include <string>

namespace {

// What goes to stdout; `help` is told the command, if the first word names one.
std::string answer(int argc, const char* const* argv, std::string& help) {
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == pc1::kStretchCommand) {
        return pc1::run_stretch(argc - 1, argv + 1);
    }
    if (command != "parents" && command != "compare") {
        return pc1::label_command(argc, argv);
    }
    help += " " + command;
    return (command == "parents" ? pc1::parents_command : pc1::compare_command)(argc - 1, argv + 1);
}

}  // namespace

int main(int argc, char** argv) {
    return tools::run_main(
        "pc1-label",
        [&](std::string& help) {
            tools::print(answer(argc, argv, help));
            return tools::ExitCode::done;
        },
        "interrupted; what was made for a comparison is given back");
}
