#include "tools/pool/lock.h"

#include "tools/common/failure.h"
#include "tools/common/log.h"
#include "tools/common/processes.h"
#include "tools/pool/places.h"

#include <fmt/format.h>
#include <poll.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace pool {
namespace {

constexpr const char* kLockName = "lock";

// The last holder removes the file: then the lock is on one that nobody else finds.
bool has_its_name(int fd, int folder) {
    struct stat own {};
    struct stat named {};
    return ::fstat(fd, &own) == 0 && ::fstatat(folder, kLockName, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

std::string holder_of(int fd, const std::string& proc) {
    std::string text = "another hugepagectl";
    struct stat facts {};
    if (::fstat(fd, &facts) == 0) {
        const tools::FileId file{facts.st_dev, facts.st_ino};
        tools::Holders holders = tools::find_holders({file}, proc);
        for (const tools::Holder& holder : holders.of_file[file]) {
            text = fmt::format("{} (pid {})", holder.command, holder.pid);
        }
    }
    return text;
}

}  // namespace

RunLock::RunLock(std::string folder, std::chrono::seconds patience, const tools::Interrupts& interrupts,
                 const std::string& proc)
    : path_(std::move(folder)) {
    using Clock = std::chrono::steady_clock;
    constexpr int kTryEveryMs = 100;
    constexpr mode_t kMode = 0600;
    const auto deadline = Clock::now() + patience;
    const auto pause = [&] {
        pollfd interrupted{interrupts.fd(), POLLIN, 0};
        ::poll(&interrupted, 1, kTryEveryMs);
    };
    bool is_told = false;
    for (;;) {
        interrupts.check();
        make_folder(path_, {});
        Place place = find_place(path_, {});
        if (!place.missing.empty()) {  // removed again meanwhile, or a link that leads nowhere
            if (Clock::now() >= deadline) {
                throw tools::system_failure("open the folder " + path_, ENOENT);
            }
            pause();
            continue;
        }
        folder_ = std::move(place.folder);
        auto file = hugepage::Fd::open(kLockName, O_RDWR | O_CREAT | O_NOFOLLOW, kMode, folder_.get());
        if (!file && file.error().code == ENOENT) {
            continue;
        }
        if (!file) {
            throw tools::system_failure(fmt::format("open {}/{}", path_, kLockName), file.error().code);
        }
        fd_ = std::move(file.value());
        if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) {
            if (has_its_name(fd_.get(), folder_.get())) {
                return;
            }
            continue;
        }
        if (errno != EWOULDBLOCK) {
            throw tools::system_failure(fmt::format("lock {}/{}", path_, kLockName), errno);
        }
        const std::string holder = holder_of(fd_.get(), proc);
        if (Clock::now() >= deadline) {
            throw tools::Failure(
                tools::ExitCode::busy,
                fmt::format(
                    "lock {}/{}: {} is at work; nothing was changed; run this again when it has ended", path_,
                    kLockName, holder));
        }
        if (!std::exchange(is_told, true)) {
            tools::warn(fmt::format("waiting for {}, which is at work", holder));
        }
        pause();
    }
}

RunLock::~RunLock() {
    ::unlinkat(folder_.get(), kLockName, 0);
    ::rmdir(path_.c_str());
}

}  // namespace pool
