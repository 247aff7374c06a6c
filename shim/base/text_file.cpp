#include "shim/base/text_file.h"

#include "shim/base/text.h"

#include <dirent.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace hugepage {

Status for_each_part(const char* path, char end, std::span<char> buffer,
                     FunctionRef<void(std::string_view part)> visit) noexcept {
    const auto file = Fd::open(path, O_RDONLY);
    if (!file) {
        return file.error();
    }
    std::size_t kept = 0;  // of a part that isn't whole yet
    bool is_rest = false;  // what comes next is the rest of a part that has been cut
    for (;;) {
        const ssize_t got = sys::read(file.value().get(), buffer.data() + kept, buffer.size() - kept);
        if (got < 0) {
            return Error{"read", errno};
        }
        std::string_view text(buffer.data(), kept + static_cast<std::size_t>(got));
        for (auto at = text.find(end); at != std::string_view::npos; at = text.find(end)) {
            if (!is_rest) {
                visit(take(text, at));
            }
            is_rest = false;
            text = drop(text, at + 1);
        }
        const bool is_cut = text.size() == buffer.size();
        if (!text.empty() && !is_rest && (is_cut || got == 0)) {
            visit(text);
        }
        if (got == 0) {
            return Done{};
        }
        is_rest = is_rest || is_cut;
        kept = is_rest ? 0 : text.size();
        std::memmove(buffer.data(), text.data(), kept);
    }
}

Status for_each_entry(const char* folder, FunctionRef<void(std::string_view name)> visit) noexcept {
    const auto directory = Fd::open(folder, O_RDONLY | O_DIRECTORY);
    if (!directory) {
        return directory.error();
    }
    return for_each_entry_until(directory.value(), [&](std::string_view name) {
        visit(name);
        return false;
    });
}

Status for_each_entry_until(const Fd& folder, FunctionRef<bool(std::string_view name)> is_last) noexcept {
    alignas(dirent64) std::array<char, 1024> buffer;
    for (bool is_begin = true;; is_begin = false) {
        if (!folder.has_its_file()) {  // else its new owner would miss the names that are read here
            return Error{"list", EBADF};
        }
        if (is_begin) {
            sys::call(SYS_lseek, folder.get(), 0, SEEK_SET);
        }
        const ssize_t got = sys::call(SYS_getdents64, folder.get(), buffer.data(), buffer.size());
        if (got < 0) {
            return Error{"list", errno};
        }
        if (got == 0) {
            return Done{};
        }
        for (ssize_t at = 0; at < got;) {
            // The C library declares the kernel's record under this name (getdents64(2)).
            const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
            at += entry->d_reclen;
            const std::string_view name(&entry->d_name[0]);
            if (name != "." && name != ".." && is_last(name)) {
                return Done{};
            }
        }
    }
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) {
        return {};
    }
    return slice(text, begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t largest) noexcept {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size() || number > largest) {
        return std::nullopt;
    }
    return number;
}

}  // namespace hugepage
