#include "tests/hugetlb/storm/conductor/census.h"

#include "tests/support/temp_dir.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace storm {
namespace {

using tools::Holder;

std::string text_of(const Holder& holder) {
    std::array<char, 96> text{};
    std::snprintf(text.data(), text.size(), "process %d at %#lx%s", holder.pid, *holder.mapped_at.begin(),
                  holder.mapped_at.size() > 1 ? " and elsewhere" : "");
    return text.data();
}

std::string command_line_of(const Holder& holder) {
    return tests::read_file("/proc/" + std::to_string(holder.pid) + "/cmdline");
}

// In the first process's namespace: elsewhere the table of locks leaves those out that were taken by a
// process which is gone.
bool sees_all_locks() {
    static const bool sees = std::filesystem::read_symlink("/proc/self/ns/pid") == "pid:[4026531836]";
    return sees;
}

// One file, and those who have it.
std::string conflicts_of(const tools::FileId& file, const std::vector<Holder>& holders) {
    const std::string name = ": inode " + std::to_string(file.inode) + "\n";
    const auto first = std::ranges::find(holders, true, &Holder::has_mapped);
    if (first == holders.end()) {
        return {};
    }
    std::string conflicts;
    if (sees_all_locks() && std::ranges::none_of(holders, &Holder::has_locked)) {
        conflicts += "nobody's lock: " + text_of(*first) + name;
    }
    const std::string command_line = holders.size() > 1 ? command_line_of(*first) : "";
    for (const Holder& holder : holders) {
        const bool is_the_first = holder.pid == first->pid;
        if (holder.has_mapped() && (holder.mapped_at.size() > 1 || holder.mapped_at != first->mapped_at ||
                                    (!is_the_first && command_line_of(holder) != command_line))) {
            conflicts +=
                "two owners: " + text_of(*first) + (is_the_first ? "" : " and " + text_of(holder)) + name;
        }
    }
    return conflicts;
}

Census take_once(const std::set<tools::FileId>& files) {
    Census census;
    const tools::Holders all = tools::find_holders(files);
    for (const auto& [file, holders] : all.of_file) {
        census.files += std::ranges::any_of(holders, &Holder::has_mapped) ? 1U : 0U;
        census.conflicts += conflicts_of(file, holders);
    }
    return census;
}

}  // namespace

Census census_of(const std::set<tools::FileId>& files) {
    using namespace std::chrono_literals;
    Census census = take_once(files);
    for (int looks = 0; looks < 100 && !census.conflicts.empty(); ++looks) {
        std::this_thread::sleep_for(20ms);
        census = take_once(files);
    }
    return census;
}

}  // namespace storm
