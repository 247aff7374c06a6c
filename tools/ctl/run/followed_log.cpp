#include "tools/ctl/run/followed_log.h"

#include "tools/common/failure.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

namespace ctl {

FollowedLog::FollowedLog() {
    std::error_code ignored;
    std::filesystem::path parent = std::filesystem::temp_directory_path(ignored);
    if (parent.empty()) {
        parent = "/tmp";
    }
    std::string name = (parent / "hugepagectl-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw tools::system_failure("make a folder for the shim's log in " + parent.string(), errno,
                                    "set TMPDIR to one that can be written to");
    }
    folder_ = name;
    path_ = folder_ + "/log";
    file_ = tools::Fd(::open(path_.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    changes_ = tools::Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (file_.get() < 0 || changes_.get() < 0 ||
        ::inotify_add_watch(changes_.get(), path_.c_str(), IN_MODIFY) < 0) {
        const int error = errno;
        std::filesystem::remove_all(folder_, ignored);
        throw tools::system_failure("follow the shim's log " + path_, error);
    }
}

FollowedLog::~FollowedLog() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void FollowedLog::read(const std::function<void(std::string_view line)>& visit) {
    std::array<char, 16384> buffer{};
    while (::read(changes_.get(), buffer.data(), buffer.size()) > 0) {
    }
    for (;;) {
        const ssize_t length = ::read(file_.get(), buffer.data(), buffer.size());
        if (length <= 0) {
            return;
        }
        rest_.append(buffer.data(), static_cast<std::size_t>(length));
        std::size_t begin = 0;
        for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
            visit(std::string_view(rest_).substr(begin, end + 1 - begin));
            begin = end + 1;
        }
        rest_.erase(0, begin);
    }
}

}  // namespace ctl
