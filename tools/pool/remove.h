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
    std::vector<std::string> paths;                // of files, whole and without links; then no pattern
    std::optional<hugepage::NodeSet> nodes;        // nothing: all
    std::optional<ByteSize> size;                  // of files; nothing: any
    std::optional<std::size_t> count;              // of files on each node, the last ones first; nothing: all

    // Something was chosen: then it is a failure if that isn't there.
    [[nodiscard]] bool is_choice() const;
};

// All that the request is about, with their holders. Throws tools::Failure for a path that is none of a
// memory file, and where a folder or /proc can't be read.
[[nodiscard]] std::vector<MemoryFile> files_of(const RemoveRequest& request, const Record& record);

// Reads the counts, changes nothing. Throws tools::Failure where a choice has nothing to remove.
[[nodiscard]] Removal plan_removal(const RemoveRequest& request, const Record& record,
                                   std::vector<MemoryFile> files, const PageControl& control);

// As somebody would type it.
[[nodiscard]] std::vector<std::string> commands_of(const Removal& plan, const Record& record);

// Returns what came of it. Throws tools::Failure or tools::Interrupted; the record says then what is left.
[[nodiscard]] Removal remove(const RemoveRequest& request, const Removal& plan, Work& work);

[[nodiscard]] tools::ExitCode exit_code_of(const Removal& removed);

}  // namespace pool
