// Taking away what setup has made, decided apart from the doing: files that nobody holds, the pages that were
// added for them, folders and mounts with nothing left in them.
#pragma once

#include "tools/common/failure.h"
#include "tools/ctl/setup/mounting.h"
#include "tools/ctl/setup/page_control.h"
#include "tools/ctl/setup/pool_files.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ctl {

struct RemoveRequest {
    std::optional<hugepage::FilePattern> pattern;  // nothing: what the record names
    std::string place;                             // the pattern's folder
    std::vector<NodeId> nodes;                     // empty: all
    std::optional<ByteSize> size;                  // of files; nothing: any
};

// Of one size on one node, in pages.
struct PagesToGive {
    NodeId node;
    ByteSize size;
    std::uint64_t added = 0;     // by setup, and not given back yet
    std::uint64_t give = 0;      // of these
    std::uint64_t reserved = 0;  // in all, before
};

struct RemovePlan {
    std::vector<PoolFile> files;       // nobody holds
    std::vector<PoolFile> busy;        // somebody does
    std::vector<PagesToGive> pages;    // as it will be once the files are gone
    std::vector<std::string> folders;  // inner ones first
    std::vector<MountMade> mounts;
    bool is_all = false;  // the record will be empty

    [[nodiscard]] bool is_empty() const;
};

// Of what setup added, what may go now: what files of setup's that stay take up is taken to be of it; and no
// more than is free on the node, and free and promised to nobody on the machine (`spare`).
[[nodiscard]] std::uint64_t pages_to_give(std::uint64_t added, std::uint64_t in_files_that_stay,
                                          std::uint64_t free, std::uint64_t spare);

// `files` are all that were found for the request, with their holders. Reads the counts, changes nothing.
[[nodiscard]] RemovePlan make_remove_plan(const RemoveRequest& request, const Record& record,
                                          std::vector<PoolFile> files, const PageControl& control);

// As somebody would type it.
[[nodiscard]] std::vector<std::string> commands_of(const RemovePlan& plan, const std::string& sysfs = "/sys");

struct Leftover {
    std::string path;
    std::string why;
};
struct RemoveReport {
    std::vector<PoolFile> removed;
    std::vector<PoolFile> busy;
    std::vector<PagesToGive> pages;  // `give` is what was really given back
    std::vector<std::string> folders;
    std::vector<std::string> mounts;
    std::vector<Leftover> left;
    bool is_mount_busy = false;

    [[nodiscard]] bool is_empty() const;
    [[nodiscard]] tools::ExitCode exit_code() const;
};
// Throws tools::Failure or tools::Interrupted; the record says then what is left.
[[nodiscard]] RemoveReport carry_out(const RemoveRequest& request, RemovePlan plan,
                                     const PageControl& control, Ledger& ledger);

// Takes away what has come into the record since `before`, as far as it can be; never throws.
void undo(const Record& before, const PageControl& control, Ledger& ledger) noexcept;

}  // namespace ctl
