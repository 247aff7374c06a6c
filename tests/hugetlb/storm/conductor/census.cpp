#include "tests/hugetlb/storm/conductor/census.h"

#include "tests/support/temp_dir.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <sstream>
#include <thread>
#include <utility>

namespace storm {
namespace {

struct Owner {
    std::string command;
    unsigned long base = 0;  // where the file's first byte is, or would be
    pid_t process = 0;

    [[nodiscard]] bool is(const Owner& other) const { return command == other.command && base == other.base; }
    [[nodiscard]] std::string text() const {
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "process %d at %#lx", process, base);
        return text.data();
    }
};

Census take_once(const std::vector<pid_t>& processes, const std::filesystem::path& mount) {
    std::map<unsigned long, Owner> owners;  // of each file, by inode
    Census census;
    for (const pid_t process : processes) {
        const std::filesystem::path folder = "/proc/" + std::to_string(process);
        const std::string command = tests::read_file(folder / "cmdline");
        std::istringstream maps(tests::read_file(folder / "maps"));
        for (std::string line; std::getline(maps, line);) {
            unsigned long begin = 0;
            unsigned long offset = 0;
            unsigned long inode = 0;
            if (line.find(mount.native()) == std::string::npos ||
                std::sscanf(line.c_str(), "%lx-%*x %*s %lx %*s %lu", &begin, &offset, &inode) != 3) {
                continue;
            }
            const Owner owner{command, begin - offset, process};
            const Owner& known = owners.try_emplace(inode, owner).first->second;
            if (!owner.is(known)) {
                census.conflicts +=
                    "two owners: " + known.text() + " and " + owner.text() + ": " + line + "\n";
            }
        }
    }
    census.files = owners.size();
    return census;
}

}  // namespace

Census census_of(const std::vector<pid_t>& processes, const std::filesystem::path& mount) {
    using namespace std::chrono_literals;
    Census census = take_once(processes, mount);
    for (int looks = 0; looks < 100 && !census.conflicts.empty(); ++looks) {
        std::this_thread::sleep_for(20ms);
        census = take_once(processes, mount);
    }
    return census;
}

}  // namespace storm
