// Taking away what setup has made: files that nobody holds, the pages that were added for them, folders and
// mounts with nothing left in them.
#pragma once

#include "tools/common/failure.h"
#include "tools/pool/steps.h"

#include <optional>
#include <string>
#include <vector>

namespace pool {

struct RemoveRequest {
    std::optional<hugepage::FilePattern> pattern;  // nothing: what the record names
    std::vector<std::string> paths;                // of files; then no pattern
    std::vector<std::string> places;               // the folders that it is about; empty: all
    std::vector<NodeId> nodes;                     // empty: all
    std::optional<ByteSize> size;                  // of files; nothing: any
    std::optional<std::size_t> count;              // of files on each node, the last ones first; nothing: all

    // Something was chosen: then it is a failure if that isn't there.
    [[nodiscard]] bool is_choice() const;
};

struct RemovePlan {
    std::vector<PoolFile> files;       // nobody holds
    std::vector<PoolFile> busy;        // somebody does
    std::vector<PagesToGive> pages;    // as it will be once the files are gone
    std::vector<std::string> folders;  // outer ones first
    std::vector<MountMade> mounts;
    bool is_all = false;  // the record will be empty

    [[nodiscard]] Steps steps() const;
    // As somebody would type it.
    [[nodiscard]] std::vector<std::string> commands() const;
};
// `files` are all that were found for the request, with their holders. Reads the counts, changes nothing.
// Throws tools::Failure where a choice has nothing to remove.
[[nodiscard]] RemovePlan make_remove_plan(const RemoveRequest& request, const Record& record,
                                          std::vector<PoolFile> files, const PageControl& control);

// Throws tools::Failure or tools::Interrupted; the record says then what is left.
[[nodiscard]] Undone remove(const RemoveRequest& request, const RemovePlan& plan, Work& work);

[[nodiscard]] tools::ExitCode exit_code_of(const Undone& undone);

}  // namespace pool
