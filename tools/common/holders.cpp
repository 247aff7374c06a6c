#include "tools/common/holders.h"

#include "shim/base/text.h"
#include "shim/base/text_file.h"
#include "tools/common/lines.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <climits>
#include <cstdint>

namespace hugepage {
namespace {

using Files = std::bitset<kMostFilesHeld>;

Path path_of(const char* proc, pid_t pid, const char* name) noexcept {
    Path path(proc);
    append(path, "/", pid, "/", name);
    return path;
}

// When the machine was started; 0 if that can't be known.
std::int64_t boot_time(const char* proc) noexcept {
    Path path(proc);
    path.append("/stat");
    std::int64_t time = 0;
    static_cast<void>(for_each_line(path.c_str(), [&](std::string_view line) {
        constexpr std::string_view kName = "btime ";
        if (line.starts_with(kName)) {
            const auto seconds = parse_number(trimmed(drop(line, kName.size())), INT64_MAX);
            time = static_cast<std::int64_t>(seconds.value_or(0));
        }
    }));
    return time;
}

// What is to be said of a process that holds something.
Holder describe(const char* proc, pid_t pid, std::int64_t booted) noexcept {
    Holder holder;
    holder.pid = pid;
    std::array<char, 1024> text;
    if (const auto name = read_text(path_of(proc, pid, "comm").c_str(), text)) {
        holder.command.append(trimmed(name.value()));
    }
    if (const auto stat = read_text(path_of(proc, pid, "stat").c_str(), text)) {
        constexpr std::uint64_t kTicksPerSecond = 100;  // USER_HZ, whatever the kernel's own
        if (const auto ticks = parse_start_ticks(stat.value()); ticks && booted != 0) {
            holder.running_since = booted + static_cast<std::int64_t>(*ticks / kTicksPerSecond);
        }
    }
    return holder;
}

}  // namespace

Result<Unseen> for_each_holder(std::span<const FileId> files,
                               FunctionRef<void(std::size_t file, const Holder& holder)> visit,
                               const char* proc) noexcept {
    files = files.first(std::min(files.size(), kMostFilesHeld));
    const auto for_each_of = [&](const FileId& id, auto found) {
        auto at = std::ranges::lower_bound(files, id);
        for (; at != files.end() && *at == id; ++at) {
            found(static_cast<std::size_t>(at - files.begin()));
        }
    };

    std::array<pid_t, kMostFilesHeld> lockers{};
    Path locks(proc);
    locks.append("/locks");
    if (auto listed = for_each_line(locks.c_str(),
                                    [&](std::string_view line) {
                                        if (const auto lock = parse_lock(line)) {
                                            for_each_of(lock->file,
                                                        [&](std::size_t i) { lockers[i] = lock->pid; });
                                        }
                                    });
        !listed) {
        return listed.error();
    }

    Unseen unseen;
    Files named;                                          // a lock's holder has been
    std::array<std::uintptr_t, kMostFilesHeld> places{};  // of those that the process has mapped
    const std::int64_t booted = boot_time(proc);
    const auto look_at = [&](pid_t pid) {
        Files mapped;
        Files elsewhere;
        const auto listed = for_each_line(path_of(proc, pid, "maps").c_str(), [&](std::string_view line) {
            if (const auto mapping = parse_mapped_file(line)) {
                for_each_of(mapping->file, [&](std::size_t i) {
                    const std::uintptr_t known = mapped[i] ? places[i] : mapping->first_byte;
                    elsewhere[i] = elsewhere[i] || known != mapping->first_byte;
                    places[i] = std::min(known, mapping->first_byte);
                    mapped.set(i);
                });
            }
        });
        if (!listed && (listed.error().code == EACCES || listed.error().code == EPERM)) {
            ++unseen.processes;
        }
        std::optional<Holder> holder;  // most processes hold nothing, and are not looked at further
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (mapped[i] || lockers[i] == pid) {
                holder = holder ? holder : describe(proc, pid, booted);
                holder->has_mapped = mapped[i];
                holder->mapped_at = mapped[i] ? places[i] : 0;
                holder->has_mapped_elsewhere = elsewhere[i];
                holder->has_locked = lockers[i] == pid;
                named[i] = named[i] || holder->has_locked;
                visit(i, *holder);
            }
        }
    };
    auto listed = for_each_entry(proc, [&](std::string_view name) {
        if (const auto pid = parse_number(name, INT_MAX)) {
            look_at(static_cast<pid_t>(*pid));
        }
    });
    if (!listed) {
        return listed.error();
    }
    // The lock outlives who took it, in a child that has inherited the mapping.
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (lockers[i] != 0 && !named[i]) {
            Holder gone;
            gone.pid = lockers[i];
            gone.has_locked = true;
            visit(i, gone);
        }
    }
    return unseen;
}

}  // namespace hugepage
