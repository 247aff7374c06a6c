// pc1-label: labels a sector as the first phase of sealing does, bit for bit, and says how long each part
// took; or, as 'pc1-label parents', makes the file of all parents.
//
// stdout gets the result and nothing else; stderr gets messages and, on a terminal, the progress.
#include "tools/common/command_line.h"
#include "tools/common/interrupts.h"
#include "tools/common/log.h"
#include "tools/pc1/bad_input.h"
#include "tools/pc1/options.h"
#include "tools/pc1/parents_command.h"
#include "tools/pc1/report.h"
#include "tools/pc1/run.h"

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <variant>

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;  // also of input that will not do
constexpr int kSignalBase = 128;

int print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        tools::error("cannot write the result to stdout");
        return kFailed;
    }
    return kDone;
}

// What goes to stdout.
std::string label(int argc, const char* const* argv) {
    const auto parsed = pc1::parse_options(argc, argv);
    if (const auto* wanted = std::get_if<pc1::TextForUser>(&parsed)) {
        return wanted->text;
    }
    const auto& options = std::get<pc1::Options>(parsed);
    const tools::Interrupts interrupts;
    const pc1::Result result = pc1::run(options, interrupts);
    return options.json ? pc1::as_json(options, result) : pc1::as_table(options, result);
}

std::string parents(int argc, const char* const* argv) {
    const auto parsed = pc1::parse_parents_options(argc, argv);
    if (const auto* wanted = std::get_if<pc1::TextForUser>(&parsed)) {
        return wanted->text;
    }
    const tools::Interrupts interrupts;
    return pc1::run_parents(std::get<pc1::ParentsOptions>(parsed), interrupts);
}

}  // namespace

int main(int argc, char** argv) {
    tools::start_log("pc1-label");
    const bool for_parents = argc > 1 && std::string_view(argv[1]) == "parents";
    try {
        return print(for_parents ? parents(argc - 1, argv + 1) : label(argc, argv));
    } catch (const tools::WrongCommandLine& error) {
        tools::error(error.what() + std::string(for_parents ? " Try 'pc1-label parents --help'."
                                                            : " Try 'pc1-label --help'."));
        return kUsage;
    } catch (const pc1::BadInput& error) {
        tools::error(error.what());
        return kUsage;
    } catch (const tools::Interrupted& interrupted) {
        tools::error("interrupted, nothing unfinished is left");
        return kSignalBase + interrupted.signal();
    } catch (const std::exception& error) {
        tools::error(error.what());
        return kFailed;
    }
}
