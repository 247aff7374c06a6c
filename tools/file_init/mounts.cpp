// Reading /proc/self/mountinfo; its format is in proc(5).
#include "tools/file_init/mounts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace file_init {
namespace {

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

// Blanks and the like are written as a backslash and three octal digits.
std::string unescaped(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
            is_octal(text[i + 3])) {
            result += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
            i += 3;
        } else {
            result += text[i];
        }
    }
    return result;
}

}  // namespace

std::optional<Mount> mount_in_line(const std::string& line, unsigned long long id) {
    std::istringstream fields(line);
    unsigned long long line_id = 0;
    std::string parent, device, root, point, word, type, source, options;
    if (!(fields >> line_id >> parent >> device >> root >> point) || line_id != id) {
        return std::nullopt;
    }
    while (fields >> word && word != "-") {
    }
    fields >> type >> source >> options;
    return Mount{unescaped(point), type, options.find("min_size=") != std::string::npos};
}

std::optional<Mount> mount_of(int fd) {
    struct statx facts {};
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &facts) != 0 || (facts.stx_mask & STATX_MNT_ID) == 0) {
        return std::nullopt;
    }
    std::ifstream list("/proc/self/mountinfo");
    for (std::string line; std::getline(list, line);) {
        if (auto mount = mount_in_line(line, facts.stx_mnt_id)) {
            return mount;
        }
    }
    return std::nullopt;
}

}  // namespace file_init
