// Log lines in the fork's form, one line an event:
//   2022-08-19T10:12:14.731440277+00:00 TRACE ThreadId(01) hugepage_shim::pool: loaded memory file: /mnt/…
//
// Times are UTC: asking the C library for the zone would fix the host's idea of it before the host has set
// TZ. ThreadId is the kernel's thread id, 01 for the main thread.
//
// A line is built in place and written by one system call: nothing here allocates, locks or keeps a
// descriptor, so any thread may log at any time, a signal handler included. errno is kept. Nothing waits: a
// line that can't be written at once (a pipe that nobody reads, a full disk) is dropped, and the next that
// can be says how many were. Nor does the host get a signal for a line.
#pragma once

#include "shim/base/text.h"

#include <initializer_list>
#include <string_view>

namespace hugepage::log {

enum class Level { off, error, warn, info, debug, trace };

// Where lines go from now on: the regular file, opened to append and closed again for each line; or stderr if
// it is empty, "stderr" or /dev/stderr, and stdout if it is /dev/stdout, but only while that descriptor stays
// the file it is now. A file that can't be used is reported on stderr, once. Before this, nothing is
// written. Call it once, before there are other threads that log.
void start(Level level, std::string_view file) noexcept;

[[nodiscard]] bool enabled(Level level) noexcept;

namespace internal {
void write(Level level, const char* module, bool once, std::initializer_list<Part> parts) noexcept;
}  // namespace internal

// One line of the parts. Control characters, and bytes that are no UTF-8, are written as \xNN, so that one
// event stays one line. A line over 2 KiB is cut. Operators search for the words.
template <class... Parts>
void write(Level level, const char* module, const Parts&... parts) noexcept {
    internal::write(level, module, false, {Part(parts)...});
}

// Only where these very words have not been written yet. (After many others, they may be written again.)
template <class... Parts>
void write_once(Level level, const char* module, const Parts&... parts) noexcept {
    internal::write(level, module, true, {Part(parts)...});
}

}  // namespace hugepage::log
