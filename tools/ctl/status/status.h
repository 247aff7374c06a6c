// What 'hugepagectl status' and 'verify' say of the huge pages and the pools: one report, made once, as JSON.
// Its tables and metrics are made of that. No system call is made here, but to know users' names and the
// local time.
#pragma once

#include "tools/common/failure.h"
#include "tools/ctl/base/machine.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/pool/pool_survey.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ctl {

// What was looked at.
struct StatusFacts {
    Machine machine;
    std::map<ByteSize, std::uint64_t> reserved;  // by size of page: HugePages_Rsvd
    std::vector<PoolSurvey> pools;
    bool all_pages = false;  // of each file were looked at, not a sample
    std::size_t unseen_processes = 0;
    std::int64_t now = 0;  // Unix time
};
// Keys are those of hugepagectl(8).
[[nodiscard]] Json status_report(const StatusFacts& facts);

[[nodiscard]] std::string status_text(const Json& report, const Terminal& terminal);
// In the text format of Prometheus, for node_exporter's textfile collector.
[[nodiscard]] std::string status_metrics(const Json& report, const std::string& version);

// Of a report on all pages: check_failed if any file is wrong, else partial if any, or a folder, was not
// seen.
[[nodiscard]] tools::ExitCode exit_code_of(const Json& report);

// Writes a file so that whoever reads it sees the old content or the new, whole, also after a crash; its mode
// is 0644. A folder's reader may see a name beside it for a moment, which begins with a dot. Into what is
// there and is no regular file (a link, a device, a pipe) it is written instead. Throws tools::Failure.
void replace_file(const std::string& path, const std::string& content);

}  // namespace ctl
