// pc1-label: labels a sector as the first phase of sealing does, bit for bit, and says how long each part
// took.
//
// stdout gets the result and nothing else; stderr gets messages and, on a terminal, the progress.
#include "tools/common/command_line.h"
#include "tools/pc1/bad_input.h"
#include "tools/pc1/options.h"
#include "tools/pc1/report.h"
#include "tools/pc1/run.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <exception>
#include <string>
#include <variant>

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

int print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        spdlog::error("cannot write the result to stdout");
        return kFailed;
    }
    return kDone;
}

}  // namespace

int main(int argc, char** argv) {
    spdlog::set_default_logger(spdlog::stderr_logger_st("pc1-label"));
    spdlog::set_pattern("pc1-label: %v");
    try {
        const auto parsed = pc1::parse_options(argc, argv);
        if (const auto* wanted = std::get_if<pc1::TextForUser>(&parsed)) {
            return print(wanted->text);
        }
        const auto& options = std::get<pc1::Options>(parsed);
        const pc1::Result result = pc1::run(options);
        return print(options.json ? pc1::as_json(options, result) : pc1::as_table(options, result));
    } catch (const tools::WrongCommandLine& error) {
        spdlog::error("{} Try 'pc1-label --help'.", error.what());
        return kUsage;
    } catch (const pc1::BadInput& error) {
        spdlog::error("{}", error.what());
        return kUsage;
    } catch (const std::exception& error) {
        spdlog::error("{}", error.what());
        return kFailed;
    }
}
