// Log lines in the fork's form, one line an event:
//   2022-08-19T10:12:14.731440277+00:00 TRACE ThreadId(01) hugepage_shim::pool: loaded memory file: /mnt/…
//
// Times are UTC: asking the C library for the zone would fix the host's idea of it before the host has set
// TZ. ThreadId is the kernel's thread id, 01 for the main thread.
//
// A line is built in place and written by one system call: nothing here allocates, locks or keeps a
// descriptor, so any thread may log at any time, a signal handler included. errno is kept.
#pragma once

#include "shim/core/fixed_string.h"

#include <string_view>

namespace hugepage::log {

enum class Level { off, error, warn, info, debug, trace };

// Where lines go from now on: the file, opened to append and closed again for each line; or stderr if file is
// empty, but only while descriptor 2 stays the file it is now. Before this, nothing is written. Call it once,
// before there are other threads that log.
void start(Level level, std::string_view file) noexcept;

[[nodiscard]] bool enabled(Level level) noexcept;

// Control characters in the message, and bytes that are no UTF-8, are written as \xNN, so that one event
// stays one line. A line over 2 KiB is cut.
void write(Level level, const char* module, std::string_view message) noexcept;

}  // namespace hugepage::log
