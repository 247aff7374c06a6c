// What 'hugepagectl status' has to say, as figures, and the ways to say it. No system call is made here, but
// to know users' names and the local time.
#pragma once

#include "tools/ctl/base/machine.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/pool/pool_survey.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ctl {

// Huge pages of one size on one node, in pages: total = free + files + other.
struct PageUse {
    NodeId node;
    ByteSize page_size;
    std::uint64_t total = 0;
    std::uint64_t free = 0;
    std::uint64_t files = 0;  // in the pools' files, leased or not
    std::uint64_t other = 0;
};

// The files of one size on one node.
struct FileGroup {
    NodeId node;
    ByteSize size;
    std::size_t files = 0;
    std::size_t free = 0;
    std::size_t leased = 0;
    std::size_t unusable = 0;
    std::size_t pages_checked = 0;
    std::size_t pages_elsewhere = 0;  // of those checked
    // Unix time since when the longest-running process that holds one of them has been running; 0: none does.
    // No lease is older than that.
    std::int64_t oldest_holder_since = 0;
};

// Pages that are promised to mappings and not taken yet; counted as free by the kernel.
struct Promised {
    ByteSize page_size;
    std::uint64_t pages = 0;
};

struct StatusReport {
    std::vector<PageUse> pages;  // sizes of which a node has any; by size, then node
    std::vector<Promised> promised;
    std::vector<PoolSurvey> pools;
    std::size_t unseen_processes = 0;
    std::int64_t now = 0;  // Unix time
};

// By node, then size. A file that is there under several names counts once. Links and empty files don't.
[[nodiscard]] std::vector<FileGroup> groups_of(const std::vector<PoolSurvey>& pools);

// Where only some pages of a file were looked at, they stand for all of them.
[[nodiscard]] std::vector<PageUse> uses_of(const Machine& machine, const std::vector<PoolSurvey>& pools);

[[nodiscard]] std::string status_text(const StatusReport& report, const Terminal& terminal);
[[nodiscard]] nlohmann::ordered_json status_json(const StatusReport& report);
// In the text format of Prometheus, for node_exporter's textfile collector.
[[nodiscard]] std::string status_metrics(const StatusReport& report, const std::string& version);

// One file, as status and verify have it in JSON.
[[nodiscard]] nlohmann::ordered_json json_of(const SurveyedFile& file);

// "45 s", "12 min", "3 h 5 min", "2 d 4 h"
[[nodiscard]] std::string duration_text(std::int64_t seconds);
// "2026-01-31 23:05", in local time
[[nodiscard]] std::string local_time(std::int64_t time);
// "sealer", or "uid 1234" where nobody is called that
[[nodiscard]] std::string user_text(uid_t user);

}  // namespace ctl
