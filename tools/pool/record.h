// What setup has added to this machine and remove may take back: pages, mounts, folders, files. It is kept in
// a file of the run directory, which is gone at a reboot exactly as pages, mounts and files are.
//
// Each change is entered before it is made, and the file is replaced as a whole (written beside, fsync,
// rename): a setup that is killed at any moment leaves a record that names all it has done. What is named but
// was never made is found missing and forgotten.
//
// Pages have no owner that the kernel knows, only counts; so an account is kept of differences. Promised: of
// a change that was cut short, that much counts as added as the count really rose, at most what was asked
// for; what is given back later is never more than what was added, and never a page that is in use or
// promised. Others may add and give back pages of their own, in any order, and keep theirs. What can't be
// promised: where somebody else changes the count in the very moment of a change, and that change is cut
// short by SIGKILL, up to one batch can't be told apart; and where somebody writes an absolute count below
// what was added, some of what is given back later may be theirs. A mount, folder or file that somebody else
// makes at a place that was entered, and not yet made when setup was killed, is taken for setup's.
#pragma once

#include "shim/base/fd.h"
#include "tools/common/interrupts.h"
#include "tools/pool/machine.h"
#include "tools/pool/places.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace pool {

using hugepage::ByteSize;
using hugepage::NodeId;

inline constexpr const char* kRunFolder = "/run/hugepage-shim";

// Of one size on one node, in pages.
struct PagesAdded {
    // The count that was there and the one that was then written; both 0 where no change is under way.
    struct Change {
        std::uint64_t before = 0;
        std::uint64_t target = 0;

        friend bool operator==(const Change&, const Change&) = default;
    };

    NodeId node;
    ByteSize size;
    std::uint64_t added = 0;
    Change under_way;

    // Ends the change under way: `reserved` is the count found after it.
    void settle(std::uint64_t reserved);

    friend bool operator==(const PagesAdded&, const PagesAdded&) = default;
};

struct FileMade {
    std::string path;
    NodeId node;

    friend bool operator==(const FileMade&, const FileMade&) = default;
};

struct Record {
    std::vector<PagesAdded> pages;
    std::vector<std::string> mounts;
    std::vector<std::string> folders;  // in the order they were made: outer ones first
    std::vector<FileMade> files;

    [[nodiscard]] bool empty() const;
    // Made if it isn't there.
    PagesAdded& pages_of(NodeId node, ByteSize size);

    friend bool operator==(const Record&, const Record&) = default;
};

// `boot` tells one start of the machine from another. Throws tools::Failure if the text is no record, or of a
// version that isn't known; one of another boot is empty.
[[nodiscard]] std::string record_text(const Record& record, const std::string& boot);
[[nodiscard]] Record parse_record(std::string_view text, const std::string& boot, const std::string& path);

// One setup or remove at a time on a machine: an exclusive lock on a file that root alone can open. It ends
// with the process, however that ends.
class RunLock {
  public:
    // Makes the folder and the file if need be. Waits at most that long for another process that holds the
    // lock, and names it once on stderr; then throws tools::Failure (busy). Also throws it (no permission),
    // or tools::Interrupted.
    RunLock(std::string folder, std::chrono::seconds patience, const tools::Interrupts& interrupts);
    // Removes the file, and the folder if nothing is in it.
    ~RunLock();
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

  private:
    std::string path_;
    Name name_;  // of the folder
    hugepage::Fd folder_;
    hugepage::Fd fd_;
};

// The record in its file. Who changes it has a RunLock.
class Ledger {
  public:
    // Has no file.
    Ledger() = default;
    // Reads what is there; nothing is changed. Throws tools::Failure.
    Ledger(std::string run_folder, std::string boot);

    Record record;
    // Writes it to the disk; an empty one has no file. The folder must be there. Throws tools::Failure.
    void save();

  private:
    std::string folder_;
    std::string boot_;
};

// Of the kernel; empty if it doesn't tell.
[[nodiscard]] std::string boot_id(const std::string& proc = "/proc");

}  // namespace pool
