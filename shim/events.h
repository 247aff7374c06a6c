// What the shim tells the operator, one function an event. The words are relied upon: they are searched for
// in logs.
//
// Any thread, at any time; nothing allocates; errno is kept.
#pragma once

#include "shim/core/byte_size.h"
#include "shim/core/config.h"
#include "shim/core/lease.h"
#include "shim/core/placement.h"
#include "shim/core/pool.h"
#include "shim/node_choice.h"

#include <string_view>

namespace hugepage::events {

// How long the parts of serving a request took, in milliseconds.
struct Took {
    double populate = 0;
    double check = 0;
    double zero = 0;
    double all = 0;
};

void complaint(const Config::Complaint& complaint) noexcept;
// The shim is inert from here on, though a variable asks for it.
void unusable(std::string_view path, std::string_view why, const Error& error) noexcept;
void loaded(Pool& pool) noexcept;
void unpinned_once(NodeId node) noexcept;
void placement_unknown_once(const Error& error) noexcept;
void partly_misplaced(std::string_view path, NodeId wanted, const Placement& placement) noexcept;
void leased(std::string_view path, const FileSystem& file_system, ByteSize size, NodeId wanted,
            const Placement& placement, int helpers, const Took& took) noexcept;
void released(const void* address, std::size_t length) noexcept;
// One file can't be used. Quiet if somebody else merely holds it.
void refused(std::string_view path, const Refusal& refusal) noexcept;
// The caller gets ordinary memory, or with HUGEPAGE_MODE=require none.
void fallback(ByteSize size, NodeId node, Reason reason, Config::Mode mode) noexcept;
// A request as large as a sector that no file's size equals; once for each size.
void no_such_size(ByteSize size) noexcept;

}  // namespace hugepage::events
