// What the shim tells the operator, one function an event. The words are relied upon: they are searched for
// in logs.
//
// Any thread, at any time; nothing allocates; errno is kept.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/config.h"
#include "shim/base/file_pattern.h"
#include "shim/request/lease.h"
#include "shim/request/node_choice.h"
#include "shim/request/placement.h"

#include <optional>
#include <string_view>

namespace hugepage::events {

// A file that was leased, and what it took.
struct Leased {
    std::string_view folder;
    std::string_view name;
    ByteSize size;
    NodeId wanted;
    NodeId node;  // the file's
    ByteSize page_size{};
    Placement placement{};  // nothing checked if the kernel would not say
    int helpers = 0;        // threads beside the caller that zeroed
    double populate_ms = 0;
    double check_ms = 0;
    double zero_ms = 0;
};

// At the first request that a file serves, or would: not by each child of the sealer, which has the same
// variables.
void complaints_once(const Config& config) noexcept;
// A folder that could not be read: a node's, or without a node the one that the nodes' are in.
struct Unread {
    std::optional<NodeId> node;
    Error error;
};
// No file has been found, so far; once for each cause, as the next.
void no_files(const FilePattern& pattern, const std::optional<Unread>& unread) noexcept;
// Files were found, but perhaps not all.
void unread(const FilePattern& pattern, const Unread& unread) noexcept;
void loaded(std::string_view folder, std::string_view name) noexcept;
// How many on each node, as text.
void loaded(std::string_view counts) noexcept;
void unpinned_once(NodeId node) noexcept;
void placement_unknown_once(const Error& error) noexcept;
// With a warning if some of the pages are on other nodes.
void leased(const Leased& lease) noexcept;
void released(const void* address, std::size_t length) noexcept;
// mprotect of less than a huge page: the one thing that the owner of a region can't do.
void unaligned_protection_once(const void* address, std::size_t length, ByteSize page_size) noexcept;
// One file can't be used, or with the name "*" all of the folder; once for each file and reason. Quiet if
// somebody else merely holds it.
void refused(std::string_view folder, std::string_view name, const Refusal& refusal) noexcept;
// The caller gets ordinary memory, or with HUGEPAGE_MODE=require none.
void fallback(ByteSize size, NodeId node, Reason reason, Config::Mode mode) noexcept;
// By HUGEPAGE_MODE=thp: ordinary memory, as good as it can be.
void without_files(ByteSize size, NodeId node) noexcept;
// A request as large as a sector that no file's size equals; once for each size.
void no_such_size(ByteSize size) noexcept;

}  // namespace hugepage::events
