// What 'hugepagectl status' and 'verify' say of the huge pages, the pools and the processes: one report, made
// once, as JSON. Its tables and metrics are made of that. No system call is made here, except to know users'
// names and the local time.
#pragma once

#include "tools/common/failure.h"
#include "tools/pool/judge.h"
#include "tools/report/report.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

// What was looked at.
struct StatusFacts {
    Machine machine;
    std::vector<Pool> pools;
    std::vector<Process> processes;  // with the shim; the pages of their buffers only for metrics
    bool all_pages = false;          // of each file were looked at, not a sample
    std::size_t unseen_processes = 0;
    std::optional<hugepage::NodeSet> nodes;  // whose pages are meant; nothing: all
    std::int64_t now = 0;                    // Unix time
};
// Keys are those of hugepagectl(8).
[[nodiscard]] Json status_report(const StatusFacts& facts);
[[nodiscard]] Json holders_json(const MemoryFile& file);
[[nodiscard]] Json process_report(const Process& process, const Machine& machine,
                                  const std::vector<Pool>& pools);

[[nodiscard]] std::string status_text(const Json& report, const Terminal& terminal);
[[nodiscard]] std::string process_text(const Json& report, const Terminal& terminal);
// The number of series is bounded by what there is at this moment: those with a file's name by the leased
// files, those with a pid by the processes that have a buffer of a file's size.
[[nodiscard]] std::string status_metrics(const Json& report, const std::string& version);

// Of a report on all pages: check_failed if anything is wrong, else partial if a file or folder was not seen.
[[nodiscard]] tools::ExitCode exit_code_of(const Json& report);

}  // namespace ctl
