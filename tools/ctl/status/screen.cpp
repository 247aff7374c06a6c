#include "tools/ctl/status/screen.h"

#include "tools/common/failure.h"
#include "tools/common/fd.h"
#include "tools/common/wording.h"
#include "tools/ctl/base/output.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace ctl {
namespace {

std::size_t rows_of_stdout() {
    constexpr std::size_t kIfUnknown = 24;
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : kIfUnknown;
}

// The errno, or 0.
int fill(int fd, const std::string& content) {
    constexpr mode_t kMode = 0644;
    for (std::size_t written = 0; written < content.size();) {
        const ssize_t put = ::write(fd, content.data() + written, content.size() - written);
        if (put < 0 && errno != EINTR) {
            return errno;
        }
        written += put > 0 ? static_cast<std::size_t>(put) : 0;
    }
    return ::fchmod(fd, kMode) == 0 && ::fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

Screen::~Screen() {
    if (is_drawn_) {
        std::fputs("\033[?7h\033[?25h", stdout);
        std::fflush(stdout);
    }
}

void Screen::draw(const std::string& text) {
    std::string out = is_drawn_ ? "" : "\033[?25l\033[?7l\033[2J";
    is_drawn_ = true;
    out += "\033[H";
    for (const char c : cut_to(text, rows_of_stdout() - 1)) {
        out += c == '\n' ? "\033[K\n" : std::string(1, c);
    }
    print(out + "\033[J");
}

std::string cut_to(const std::string& text, std::size_t rows) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    if (lines <= rows || rows == 0) {
        return text;
    }
    std::size_t end = 0;
    for (std::size_t i = 0; i + 1 < rows; ++i) {
        end = text.find('\n', end) + 1;
    }
    return text.substr(0, end) + "... and " + tools::counted(lines - rows + 1, "line") +
           " more, for which the screen is too small\n";
}

void replace_file(const std::string& path, const std::string& content) {
    const std::filesystem::path target(path);
    std::string fresh =
        (target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string())).string();
    const tools::Fd file(::mkostemp(fresh.data(), O_CLOEXEC));
    if (file.get() < 0) {
        throw tools::system_failure("make a file beside " + printable(path), errno);
    }
    int error = fill(file.get(), content);
    if (error == 0 && ::rename(fresh.c_str(), path.c_str()) != 0) {
        error = errno;
    }
    if (error != 0) {
        ::unlink(fresh.c_str());
        throw tools::system_failure("write " + printable(path), error);
    }
}

}  // namespace ctl
