// Whether one process's big buffers really are on huge pages, and of the right node.
#pragma once

#include "tools/ctl/base/machine.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/pool/pool_survey.h"
#include "tools/ctl/status/process_memory.h"

#include <nlohmann/json_fwd.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

// What is read of a process.
struct ProcessFacts {
    pid_t pid = 0;
    std::string command;
    std::string smaps;
    std::string numa_maps;                         // empty on a kernel without NUMA
    std::map<std::string, std::size_t> cpu_lists;  // as Cpus_allowed_list has them: how many threads
};
// Throws tools::Failure: there is no such process (failed), it may not be looked at (no_permission). One that
// ends meanwhile is no such process.
[[nodiscard]] ProcessFacts read_process(pid_t pid, const std::string& proc = "/proc");

struct Buffer {
    enum class Backing { pool_file, huge_file, huge_anonymous, anonymous, file };

    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Backing backing = Backing::anonymous;
    std::string path;  // of the file
    std::string name;  // of a pool's file, from the pool's folder on
    ByteSize page_size;
    std::uint64_t present = 0;      // bytes that have a page
    std::uint64_t transparent = 0;  // of those, in transparent huge pages
    BytesOfNodes nodes;
    bool has_file_size = false;  // that of one of the pool's files
    // Of the node that has the most of it: threads bound to that node's CPUs alone, and others that may run
    // there.
    std::size_t threads_bound = 0;
    std::size_t threads_free = 0;
    std::string fault;  // what is wrong; only where it has_file_size

    [[nodiscard]] std::optional<NodeId> main_node() const;
};

struct CpuGroup {
    std::string cpus;  // "0-15"
    std::size_t threads = 0;
    std::vector<NodeId> nodes;  // that the CPUs lie in
};

struct ProcessReport {
    pid_t pid = 0;
    std::string command;
    std::string shim;  // path of the shim's library in the process; empty: it isn't there
    std::vector<CpuGroup> threads;
    std::vector<Buffer> buffers;  // by address
    std::size_t faults = 0;
};

// Buffers are mappings of at least 16 MiB that may be read or written, and all of huge pages.
[[nodiscard]] ProcessReport judge(const ProcessFacts& process, const Machine& machine,
                                  const std::vector<PoolSurvey>& pools);

[[nodiscard]] std::string process_text(const ProcessReport& report, const Terminal& terminal);
[[nodiscard]] nlohmann::ordered_json process_json(const ProcessReport& report);

}  // namespace ctl
