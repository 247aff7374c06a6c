#include "shim/core/holders.h"

#include "shim/core/format.h"
#include "shim/core/slice.h"
#include "shim/core/text_file.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <charconv>
#include <climits>

namespace hugepage {
namespace {

using Files = std::bitset<kMostFilesHeld>;

// Takes the next word off the text.
std::string_view next_word(std::string_view& text) noexcept {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) {
        return text = {};
    }
    const std::string_view rest = from(text, begin);
    const std::string_view word = first_of(rest, rest.find(' '));
    text = from(rest, word.size());
    return word;
}

template <class Number>
std::optional<Number> number_of(std::string_view text, int base) noexcept {
    Number number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// "00:1b", and the inode.
std::optional<FileId> file_id(std::string_view device, std::string_view inode) noexcept {
    const std::size_t colon = device.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto major_number = number_of<unsigned>(first_of(device, colon), 16);
    const auto minor_number = number_of<unsigned>(from(device, colon + 1), 16);
    const auto number = number_of<ino_t>(inode, 10);
    if (!major_number || !minor_number || !number) {
        return std::nullopt;
    }
    return FileId{makedev(*major_number, *minor_number), *number};
}

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
        if (next_word(line) == "btime") {
            time = number_of<std::int64_t>(trimmed(line), 10).value_or(0);
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

std::optional<FileLock> parse_lock(std::string_view line) noexcept {
    next_word(line);                   // its number
    if (next_word(line) != "FLOCK") {  // one that is waited for has an arrow here
        return std::nullopt;
    }
    next_word(line);  // ADVISORY
    next_word(line);  // WRITE or READ
    const auto pid = number_of<pid_t>(next_word(line), 10);
    const std::string_view place = next_word(line);  // device and inode
    const std::size_t colon = place.rfind(':');
    if (!pid || colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto file = file_id(first_of(place, colon), from(place, colon + 1));
    if (!file) {
        return std::nullopt;
    }
    return FileLock{*file, *pid};
}

std::optional<MappedFile> parse_mapped_file(std::string_view line) noexcept {
    const std::string_view addresses = next_word(line);
    const auto begin = number_of<std::uintptr_t>(first_of(addresses, addresses.find('-')), 16);
    next_word(line);  // permissions
    const auto offset = number_of<std::uintptr_t>(next_word(line), 16);
    const std::string_view device = next_word(line);
    const auto file = file_id(device, next_word(line));
    if (!begin || !offset || !file || file->inode == 0) {
        return std::nullopt;
    }
    return MappedFile{*file, *begin - *offset};
}

std::optional<std::uint64_t> parse_start_ticks(std::string_view stat) noexcept {
    const std::size_t name_end = stat.rfind(')');  // the name may have any bytes, these among them
    if (name_end == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view rest = trimmed(from(stat, name_end + 1));
    constexpr int kFieldsBetween = 19;  // the state is the third field, the start the 22nd
    for (int i = 0; i < kFieldsBetween; ++i) {
        next_word(rest);
    }
    return number_of<std::uint64_t>(next_word(rest), 10);
}

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
