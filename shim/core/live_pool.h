// The pool as it is now: read anew when its folders have changed, while threads go on with what was read
// before.
#pragma once

#include "shim/core/file_pattern.h"
#include "shim/core/pool.h"
#include "shim/core/result.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace hugepage {

// Two pools of which one is current; the other is read into when nobody uses it any more. Never waits, so it
// may be used in a signal handler too. Constant-initialised; keep it in static storage.
class LivePool {
    struct Generation {
        Pool pool;
        std::atomic<int> users{0};
    };

  public:
    // The files of one reading, which stay as they are while this lives.
    class View {
      public:
        explicit View(LivePool& pool) noexcept : generation_(pool.enter()) {}
        ~View() { generation_.users.fetch_sub(1, std::memory_order_release); }
        View(const View&) = delete;
        View& operator=(const View&) = delete;

        Pool& operator*() const noexcept { return generation_.pool; }
        Pool* operator->() const noexcept { return &generation_.pool; }

      private:
        Generation& generation_;
    };

    // Before anybody uses it. The pattern must outlive the pool.
    [[nodiscard]] Status scan(const FilePattern& pattern) noexcept;

    // Reads the folders again if any has changed since they were read: true if there is something new to be
    // seen. False also if they can't be read now, or another thread is about it or still uses what was read
    // before last.
    [[nodiscard]] bool refresh() noexcept;

    // The same, but looks at the folders once a second at most: for requests that are hardly meant for the
    // pool.
    [[nodiscard]] bool refresh_now_and_then() noexcept;

    // In a child made by fork: the threads that were using it are not there.
    void forget_users() noexcept;

  private:
    [[nodiscard]] Generation& enter() noexcept;
    [[nodiscard]] std::uint64_t fingerprint() const noexcept;

    const FilePattern* pattern_ = nullptr;
    std::array<Generation, 2> generations_{};
    std::atomic<std::size_t> current_{0};
    std::atomic<bool> is_reading_{false};
    std::atomic<std::int64_t> looked_{0};  // second
    std::uint64_t seen_ = 0;  // the folders' fingerprint when they were read; 0: none. By the one who reads.
};

}  // namespace hugepage
