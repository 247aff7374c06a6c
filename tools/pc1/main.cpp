// pc1-label: labels a sector as the first phase of sealing does, bit for bit, and says how long each part
// took; as 'pc1-label parents', digests the parents of all nodes; as 'pc1-label compare', says what the shim
// would gain here.
//
// stdout gets the result and nothing else; stderr gets messages and, on a terminal, the progress.
#include "tools/common/command_line.h"
#include "tools/pc1/compare.h"
#include "tools/pc1/options.h"
#include "tools/pc1/run.h"
#include "tools/pc1/stretch.h"

#include <nlohmann/json.hpp>

#include <string>
#include <variant>

namespace {

// What goes to stdout.
template <class Options, class Run, class Table>
std::string text_of(const std::variant<Options, pc1::TextForUser>& parsed, Run run, Table table) {
    if (const auto* wanted = std::get_if<pc1::TextForUser>(&parsed)) {
        return wanted->text;
    }
    constexpr int kIndent = 2;
    const auto& options = std::get<Options>(parsed);
    const pc1::Json report = run(options);
    return options.json ? report.dump(kIndent) + "\n" : table(report);
}

// What goes to stdout, of the command that the first word names, if it names one.
std::string answer(const std::string& command, int argc, char** argv) {
    if (command == "parents") {
        return text_of(pc1::parse_parents_options(argc - 1, argv + 1), pc1::run_parents, pc1::parents_table);
    }
    if (command == "compare") {
        return text_of(pc1::parse_compare_options(argc - 1, argv + 1), pc1::compare, pc1::compare_table);
    }
    if (command == pc1::kStretchCommand) {
        return pc1::run_stretch(argc - 1, argv + 1);
    }
    return text_of(pc1::parse_options(argc, argv), pc1::run, pc1::label_table);
}

}  // namespace

int main(int argc, char** argv) {
    return tools::run_main(
        "pc1-label",
        [&](std::string& help) {
            const std::string command = argc > 1 ? argv[1] : "";
            help += command == "parents" || command == "compare" ? " " + command : "";
            tools::print(answer(command, argc, argv));
            return tools::ExitCode::done;
        },
        "interrupted; what was made for a comparison is given back");
}
