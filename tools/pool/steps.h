// Changes of the machine, in lists: setup applies one, --dry-run prints it; what is taken away again, by
// remove and where setup fails, is such a list too, made of what the record names.
#pragma once

#include "tools/pool/pages.h"
#include "tools/pool/plan.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace pool {

// Of one size on one node, in pages.
struct PagesToGive {
    NodeId node;
    ByteSize size;
    std::uint64_t added = 0;     // by setup, and not given back yet
    std::uint64_t due = 0;       // of these, not taken up by files that stay
    std::uint64_t give = 0;      // what is, or was, given back
    std::uint64_t reserved = 0;  // in all, before
};
struct Leftover {
    std::string path;
    std::string why;
    int error = 0;  // errno: EBUSY where some process is in it, ENOTEMPTY where something is
};
// What is to be taken away; or what was, and what wasn't.
struct Removal {
    std::vector<MemoryFile> files;
    std::vector<MemoryFile> busy;  // somebody holds them, so they stay
    std::vector<PagesToGive> pages;
    std::vector<std::string> folders;  // outer ones first
    std::vector<std::string> mounts;
    std::vector<Leftover> left;
};

// What steps need to work.
struct Work {
    PageControl control;
    const tools::Interrupts& interrupts;
    Ledger& ledger;
    std::chrono::steady_clock::time_point deadline{};
    Removal removed{};  // so far

    // Changes the record, and writes it.
    template <class Change>
    void enter(const Change& change) {
        change(ledger.record);
        ledger.save();
    }
};

struct Step {
    std::string shell;  // as somebody would type it; empty: nothing to do
    // What it makes is in the record before it is made, and what it takes away is out of it after. Throws
    // tools::Failure or tools::Interrupted.
    std::function<void(Work&)> apply;
};
using Steps = std::vector<Step>;
[[nodiscard]] std::vector<std::string> commands_of(const Steps& steps);

[[nodiscard]] Step folder_step(const std::string& path, const Trust& trust);
[[nodiscard]] Step mount_step(const std::string& point, ByteSize page_size, const Trust& trust);
// The first so many of the files that the plan wants on the node, where all folders are by then. All are
// created, or none: they get their names only when all are complete, so that no name ever stands for half a
// file, whatever ends this process.
[[nodiscard]] Step create_step(const Plan& plan, const NodePlan& node, std::size_t files);
// So many pages of the size are to be on the node.
[[nodiscard]] std::string count_command(NodeId node, ByteSize size, std::uint64_t pages);

// Enters what came of it in `removed`, and leaves what is in use.
[[nodiscard]] Step remove_file_step(const MemoryFile& file);
// All of it, in an order in which nothing blocks the next: what is in use, or isn't empty, stays.
[[nodiscard]] Steps steps_of(const Removal& removal);

// Makes the record true: ends changes that a killed process has left under way, and forgets what isn't there
// any more.
void settle(Record& record, const PageControl& control);

// Takes away what the record has more than it had before, whatever happens. What stays is in the record, for
// remove.
void roll_back(const Record& before, Work& work) noexcept;

}  // namespace pool
