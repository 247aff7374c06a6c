// Reversible changes of the machine, in a list: setup applies it, rolls back by undoing it, and prints it for
// --dry-run; remove undoes the list that the record names.
#pragma once

#include "tools/pool/setup_plan.h"

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
    bool is_in_use = false;  // not because something of others is in it, or it can't be removed
    bool has_content = false;
};
// What came of undoing.
struct Undone {
    std::vector<PoolFile> removed;
    std::vector<PoolFile> busy;
    std::vector<PagesToGive> pages;
    std::vector<std::string> folders;
    std::vector<std::string> mounts;
    std::vector<Leftover> left;

    [[nodiscard]] bool is_empty() const;
};

// What steps need to work.
struct Work {
    PageControl control;
    const tools::Interrupts& interrupts;
    Ledger* ledger = nullptr;  // nothing is recorded without one
    std::chrono::steady_clock::time_point deadline{};

    // Changes the record, and writes it.
    template <class Change>
    void enter(const Change& change) {
        if (ledger != nullptr) {
            change(ledger->record);
            ledger->save();
        }
    }
};

struct Step {
    std::string shell;  // as somebody would type it, forth and back; empty: nothing to do
    std::string shell_back;
    // Throws tools::Failure where it isn't possible; changes nothing.
    std::function<void()> check = [] {};
    // In the record before it is done. Throws tools::Failure or tools::Interrupted; then undo takes away what
    // was done of it.
    std::function<void(Work&)> apply = [](Work&) {};
    // As far as possible; what is gone is out of the record. Of a step that wasn't applied: nothing.
    std::function<void(Work&, Undone&)> undo = [](Work&, Undone&) {};
};
using Steps = std::vector<Step>;

// Those of a record are applied already.
enum class Origin { plan, record };

[[nodiscard]] Step folder_step(const std::string& path, const Trust& trust, Origin origin = Origin::plan);
[[nodiscard]] Step mount_step(const MountMade& mount, const Trust& trust, Origin origin = Origin::plan);
// Adds pages to those that are there, as many as can be had by the deadline; says in `got` what came.
[[nodiscard]] Step reserve_step(const PagesToGive& pages, Reserving* got);
// Applied already; undone, it gives back what setup has added, except for files that stay.
[[nodiscard]] Step reserved_step(const PagesToGive& pages);
// A file that isn't as it should be goes if nobody holds it; undo doesn't bring it back.
[[nodiscard]] Step replace_step(const PoolFile& file);
// The paths are in one folder, which is there by then. All are created, or none: they get their names only
// when all are complete, so that no name ever stands for half a file, whatever ends this process. `kept`
// files are there already.
[[nodiscard]] Step create_step(const Request& request, NodeId node, ByteSize page_size,
                               const std::vector<std::string>& paths, std::size_t kept);
// Applied already; undone, it removes those that nobody holds.
[[nodiscard]] Step created_step(const std::vector<PoolFile>& files);

// Applied steps, which are undone at the end unless keep() was called.
class Applied {
  public:
    explicit Applied(Work& work) : work_(work) {}
    ~Applied() { undo(); }
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

    void apply(const Steps& steps);
    // In reverse order; what can't be undone stays in the record, for remove.
    void undo() noexcept;
    void keep() noexcept { steps_.clear(); }

  private:
    Work& work_;
    Steps steps_;
};

// Whether something has the name; links are not followed.
[[nodiscard]] bool is_there(const std::string& path);

}  // namespace pool
