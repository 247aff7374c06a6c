#include "tools/ctl/boot/systemctl.h"

#include "tools/common/failure.h"
#include "tools/common/wording.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace ctl {
namespace {

struct Answer {
    int status = -1;
    std::string text;  // without line ending
};

Answer ask(const std::string& arguments) {
    Answer answer;
    std::FILE* pipe = ::popen(("systemctl " + arguments + " 2>&1 </dev/null").c_str(), "r");
    if (pipe == nullptr) {
        throw tools::system_failure("run systemctl", errno);
    }
    std::array<char, 512> buffer{};
    while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {
        answer.text += buffer.data();
    }
    answer.status = ::pclose(pipe);
    while (answer.text.ends_with('\n')) {
        answer.text.pop_back();
    }
    return answer;
}

}  // namespace

bool systemd_runs() {
    std::error_code ignored;  // as sd_booted(3) asks
    return std::filesystem::is_directory("/run/systemd/system", ignored);
}

void reload_systemd() {
    const Answer answer = ask("daemon-reload");
    if (answer.status != 0) {
        throw tools::Failure(tools::ExitCode::failed,
                             "systemctl daemon-reload: " + answer.text +
                                 "; the units are as they should be: have systemd read them by that command");
    }
}

std::string unit_state(const std::string& question, const std::string& unit) {
    const std::string text = ask(question + " " + tools::quoted(unit)).text;
    return text.substr(0, text.find('\n'));
}

}  // namespace ctl
