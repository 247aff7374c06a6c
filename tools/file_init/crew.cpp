#include "tools/file_init/crew.h"

#include "shim/base/topology.h"
#include "tools/file_init/touch.h"

#include <sched.h>

#include <algorithm>

namespace file_init {
namespace {

hugepage::CpuSet cpus_allowed() {
    hugepage::CpuSet cpus;
    // Fails only if there are more CPUs than the set can hold; then it stays empty, and no thread is bound.
    static_cast<void>(
        ::sched_getaffinity(0, hugepage::CpuSet::kBytes, reinterpret_cast<cpu_set_t*>(cpus.data())));
    return cpus;
}

}  // namespace

Crew choose_crew(const hugepage::CpuSet& of_node, const hugepage::CpuSet& allowed,
                 std::optional<int> wanted) {
    Crew crew;
    for (int value = 0; value < hugepage::kMaxCpus; ++value) {
        const hugepage::CpuId cpu{value};
        if (of_node.contains(cpu) && allowed.contains(cpu)) {
            crew.cpus.insert(cpu);
        }
    }
    if (crew.cpus.count() == 0) {
        crew.cpus = allowed;
    }
    crew.threads = wanted.value_or(std::clamp(crew.cpus.count(), 1, kMostThreads));
    return crew;
}

Crew crew_for(hugepage::NodeId node, std::optional<int> wanted) {
    const auto of_node = hugepage::Topology().cpus_of(node);
    return choose_crew(of_node ? of_node.value() : hugepage::CpuSet{}, cpus_allowed(), wanted);
}

}  // namespace file_init
