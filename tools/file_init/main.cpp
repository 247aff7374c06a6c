// hugepage-file-init: creates the files of huge pages that the shim hands out.
//
// stdout gets the list of files and nothing else; stderr gets messages and, on a terminal, the progress.
#include "tools/common/failure.h"
#include "tools/common/log.h"
#include "tools/file_init/create.h"
#include "tools/file_init/inspect.h"
#include "tools/file_init/options.h"

#include <sys/stat.h>

#include <cstdio>
#include <exception>
#include <string>
#include <variant>

namespace {

void print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        throw tools::system_failure("write to stdout", errno);
    }
}

std::string list_of(const char* heading, const std::vector<std::string>& paths) {
    if (paths.empty()) {
        return {};
    }
    std::string text = std::string(heading) + "\n";
    for (const std::string& path : paths) {
        text += path + "\n";
    }
    return text;
}

void run(const file_init::Request& request) {
    if ((request.mode.value_or(0) & S_IRWXO) != 0) {
        tools::warn("--mode: the shim will not use files that everybody may open");
    }
    const tools::Interrupts interrupts;
    const auto nodes = file_init::nodes_of_machine();
    const auto facts = file_init::inspect(request, file_init::choose_node(request, nodes));
    const auto plan = file_init::make_plan(request, facts);
    if (!plan.create.empty()) {
        file_init::create(request, facts, plan, interrupts);
    }
    print(list_of("Created hugepage memory files:", plan.create) +
          list_of("Kept hugepage memory files (already right):", plan.keep));
}

}  // namespace

int main(int argc, char** argv) {
    tools::start_log("hugepage-file-init");
    try {
        const auto parsed = file_init::parse_options(argc, argv);
        if (const auto* wanted = std::get_if<file_init::TextForUser>(&parsed)) {
            print(wanted->text);
        } else {
            run(std::get<file_init::Request>(parsed));
        }
        return static_cast<int>(tools::ExitCode::done);
    } catch (const tools::Failure& failure) {
        const bool usage = failure.code() == tools::ExitCode::usage;
        tools::error(failure.what() + std::string(usage ? " Try 'hugepage-file-init --help'." : ""));
        return static_cast<int>(failure.code());
    } catch (const tools::Interrupted& interrupted) {
        constexpr int kSignalBase = 128;
        tools::error("interrupted, nothing was created");
        return kSignalBase + interrupted.signal();
    } catch (const std::exception& error) {
        tools::error(error.what());
        return static_cast<int>(tools::ExitCode::failed);
    }
}
