#include "tools/ctl/setup/run_lock.h"

#include "tools/common/failure.h"
#include "tools/common/holders.h"
#include "tools/common/log.h"
#include "tools/report/report.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
namespace ctl {
namespace {

const char* advice_on(int error) {
    return error == EACCES || error == EPERM ? "use sudo" : "";
}

hugepage::Fd open_folder(const std::string& folder) {
    constexpr mode_t kMode = 0755;
    if (::mkdir(folder.c_str(), kMode) != 0 && errno != EEXIST) {
        throw tools::system_failure("make " + folder, errno, advice_on(errno));
    }
    auto fd = hugepage::Fd::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd && fd.error().code != ENOENT) {
        throw tools::system_failure("open " + folder, fd.error().code, advice_on(fd.error().code));
    }
    return fd ? std::move(fd.value()) : hugepage::Fd();
}

// The last holder removes the folder: then the lock is on one that nobody else finds.
bool has_its_name(int fd, const std::string& folder) {
    struct stat own {};
    struct stat named {};
    return ::fstat(fd, &own) == 0 && ::lstat(folder.c_str(), &named) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

std::string holder_of(int fd, const std::string& proc) {
    std::string text = "another hugepagectl";
    struct stat facts {};
    if (::fstat(fd, &facts) == 0) {
        const hugepage::FileId file{facts.st_dev, facts.st_ino};
        static_cast<void>(hugepage::for_each_holder(
            {&file, 1},
            [&](std::size_t, const hugepage::Holder& holder) {
                text = fmt::format("{} (pid {})", printable(holder.command.view()), holder.pid);
            },
            proc.c_str()));
    }
    return text;
}

}  // namespace

RunLock::RunLock(std::string folder, std::chrono::seconds patience, const tools::Interrupts& interrupts,
                 const std::string& proc)
    : folder_(std::move(folder)) {
    using Clock = std::chrono::steady_clock;
    constexpr int kTryEveryMs = 100;
    const auto deadline = Clock::now() + patience;
    bool is_told = false;
    for (;;) {
        interrupts.check();
        fd_ = open_folder(folder_);
        if (fd_.get() < 0) {
            continue;
        }
        if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) {
            if (has_its_name(fd_.get(), folder_)) {
                return;
            }
            continue;
        }
        if (errno != EWOULDBLOCK) {
            throw tools::system_failure("lock " + folder_, errno);
        }
        const std::string holder = holder_of(fd_.get(), proc);
        if (Clock::now() >= deadline) {
            throw tools::Failure(
                tools::ExitCode::busy,
                fmt::format("lock {}: {} is at work; nothing was changed; run this again when "
                            "it has ended",
                            folder_, holder));
        }
        if (!is_told) {
            tools::warn(fmt::format("waiting for {}, which is at work", holder));
            is_told = true;
        }
        pollfd interrupted{interrupts.fd(), POLLIN, 0};
        ::poll(&interrupted, 1, kTryEveryMs);
    }
}

RunLock::~RunLock() {
    ::rmdir(folder_.c_str());
}

}  // namespace ctl
