#include "tools/pool/lock.h"

#include "tools/common/failure.h"
#include "tools/common/log.h"
#include "tools/pool/files.h"
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

std::string holder_of(const std::string& path) {
    if (auto lock = look_at(path, {})) {
        find_holders({&*lock});
        for (const tools::Holder& holder : lock->holders) {
            return fmt::format("{} (pid {})", holder.command, holder.pid);
        }
    }
    return "another hugepagectl";
}

}  // namespace

RunLock::RunLock(std::string folder, std::chrono::seconds patience, const tools::Interrupts& interrupts)
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
        struct stat facts {};
        auto file = hugepage::Fd::open(kLockName, O_RDWR | O_CREAT | O_NOFOLLOW, kMode, folder_.get(), facts);
        if (!file && file.error().code == ENOENT) {
            continue;
        }
        if (!file) {
            throw tools::system_failure(fmt::format("open {}/{}", path_, kLockName), file.error().code);
        }
        fd_ = std::move(file.value());
        if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) {
            // The last holder removes the file: then the lock is on one that nobody else finds.
            const auto named = look_at(path_ + "/" + kLockName, {}, folder_.get());
            if (named && named->id == tools::FileId{facts.st_dev, facts.st_ino}) {
                return;
            }
            continue;
        }
        if (errno != EWOULDBLOCK) {
            throw tools::system_failure(fmt::format("lock {}/{}", path_, kLockName), errno);
        }
        const std::string holder = holder_of(path_ + "/" + kLockName);
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
