// What is right and what isn't, of all that a snapshot holds, and what to type where it isn't. Only here is a
// file, a folder, a mount or a process judged, so status, verify, doctor, plan and setup can't differ; what
// the shim asks of a file before it takes it is asked by the shim's own code, in read_pool(). Pure: over
// facts.
#pragma once

#include "tools/common/processes.h"
#include "tools/pool/environment.h"
#include "tools/pool/program.h"
#include "tools/pool/snapshot.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

using tools::MappedArea;
using tools::Process;

enum class Verdict {
    ok,
    warn,    // it works, but not as well as it could, or not for everybody
    fail,    // nothing, or not what was meant, will be served
    unseen,  // it may not be looked at, or the kernel doesn't tell
};
[[nodiscard]] const char* name_of(Verdict verdict);  // "ok"

struct Finding {
    std::string id;  // of the check; never renamed
    Verdict verdict = Verdict::ok;
    std::string what = {};  // one line, of any length
    std::string why = {};   // why that matters; may be empty where all is well
    std::string next = {};  // what to type, or to do; empty where all is well
};
using Findings = std::vector<Finding>;

void append(Findings& all, Findings more);
[[nodiscard]] std::size_t count(const Findings& findings, Verdict verdict);

// Of a file. `finding` has the reason as its id, as the shim calls it: "misplaced".
struct FileJudgement {
    bool is_usable = true;  // the shim would take it if it were free
    std::string fault;      // of the finding, without the file's name; empty: none
    Finding finding;
    // "leased", "unusable", "free"; "unknown" where a process that can't be seen may hold it.
    std::string state;
};
// `pool` is the file's. Of its pages those count that look_at_pages() saw, of its holders those that
// find_holders() found.
[[nodiscard]] FileJudgement judge(const MemoryFile& file, const Pool& pool);

// Whether any file would be used, free or not.
[[nodiscard]] bool has_usable_files(const Pool& pool);

// Folders that can't be listed, or that the pool's user can't reach.
[[nodiscard]] Findings judge_folders(const Pool& pool);
// Those, whether there are files for each sector, two at a time, and the files that aren't right, those with
// one fault together.
[[nodiscard]] Findings judge_pool(const Pool& pool);
// Where there is none that could be looked at.
[[nodiscard]] Finding no_pool(const std::string& why);
// Whether there are files on the nodes that a process may have memory of: `allowed`; nothing if not known.
[[nodiscard]] Findings judge_nodes(const Pool& pool, const Machine& machine,
                                   const std::optional<hugepage::NodeSet>& allowed);

// `has_pool`: there are files that can be used.
[[nodiscard]] Findings judge_machine(const Machine& machine, const Settings& settings, bool has_pool);
// Pages beyond those reserved, if there are any.
[[nodiscard]] Findings judge_surplus(const Machine& machine);

// A buffer of a process.
struct BufferJudgement {
    MappedArea area;
    const MemoryFile* file = nullptr;  // that it is, if it is a pool's
    bool is_huge = false;              // in pages of hugetlbfs
    const char* backing = "";          // "pool_file", "huge_file", "huge_anonymous", "file", "anonymous"
    ByteSize file_size;                // the memory files' size that it has; 0: none
    std::size_t buffers = 1;           // of that size: the kernel makes one area of two
    bool is_callocs = false;           // the C library's calloc mapped it
    std::optional<NodeId> node;        // that has the most of it
    std::size_t threads_bound = 0;     // to that node's CPUs alone
    std::size_t threads_free = 0;      // that may run there among others
    std::string fault;                 // empty: none
    std::string next;                  // against it, as a finding's

    [[nodiscard]] bool has_file_size() const { return file_size.bytes > 0; }
    // Its file's folder names another node, or no thread of the process may run on its node.
    [[nodiscard]] bool is_misplaced() const;
};
// What a buffer of a memory file's size lies in: "served" and "tmpfs" by a file, "thp", "ordinary" and
// "untouched" (no page yet) without one. Empty: it has no such size, or its pages weren't looked at.
inline constexpr const char* kBufferStates[] = {"served", "tmpfs", "thp", "ordinary", "untouched"};
[[nodiscard]] const char* state_of(const BufferJudgement& buffer);
// Of its areas those that are buffers. Of a process whose areas' pages aren't known the fault is whether a
// file serves it.
[[nodiscard]] std::vector<BufferJudgement> judge_buffers(const Process& process, const Machine& machine,
                                                         const std::vector<Pool>& pools);
// Whether the shim is loaded, and serves what is asked for.
[[nodiscard]] Findings judge_process(const Process& process, const std::vector<BufferJudgement>& buffers);
// The nodes that these CPUs lie in.
[[nodiscard]] std::vector<int> nodes_of(const std::string& cpus, const Machine& machine);

// The variables that a program is started with.
[[nodiscard]] Findings judge_environment(const Environment& environment);

// `glob`: HUGEPAGE_EXE, or empty.
[[nodiscard]] Findings judge_program(const Program& program, const std::string& glob);
// One finding if the program would write to files that the shim has given to somebody else; else none.
[[nodiscard]] Findings judge_locking(const Program& program);

// What to type where there are no files of huge pages.
inline constexpr const char* kPlanFirst =
    "hugepagectl plan --sector 32GiB --parallel 1   (says what to type)";
// What to type so that there are so many files like this one on the node, for the pool's user.
[[nodiscard]] std::string setup_for(const Pool& pool, NodeId node, std::size_t files, const MemoryFile& like);

}  // namespace ctl
