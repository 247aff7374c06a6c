#include "tests/vm/vm.h"

#include <numa.h>
#include <sys/vfs.h>

namespace tests {

Vm::Vm() {
    struct statfs facts {};
    EXPECT_EQ(::statfs("/mnt/huge", &facts), 0);
    page_bytes_ = static_cast<std::uint64_t>(facts.f_bsize);
}

Vm::~Vm() {
    std::filesystem::remove_all(pool_);
}

std::vector<int> Vm::all_nodes() {
    std::vector<int> nodes;
    for (int node = 0; node <= ::numa_max_node(); ++node) {
        nodes.push_back(node);
    }
    return nodes;
}

std::string Vm::cpus_of(int node) {
    auto list = read_file("/sys/devices/system/node/node" + std::to_string(node) + "/cpulist");
    list.resize(list.find('\n'));
    return list;
}

std::vector<std::string> Vm::on_cpus_of(int node) {
    return {"/bin/taskset", "-c", cpus_of(node)};
}

Outcome Vm::file_init(int node, int count, std::uint64_t pages,
                      const std::vector<std::string>& before) const {
    std::vector<std::string> words = before;
    words.insert(words.end(),
                 {FILE_INIT, "--node", std::to_string(node), "--num", std::to_string(count), "--size",
                  std::to_string(pages * page_bytes_) + "B", "--path", pool_.string()});
    return run(words);
}

void Vm::make_files(int node, int count, std::uint64_t pages) const {
    const auto made = file_init(node, count, pages);
    ASSERT_TRUE(made.ok()) << made.out << made.err;
}

std::filesystem::path Vm::folder_of(int node) const {
    return pool_ / ("numa_" + std::to_string(node));
}

std::vector<std::string> Vm::command(const std::string& scenario, const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& before, std::uint64_t pages) const {
    std::vector<std::string> words = before;
    words.insert(words.end(), {CLIENT, scenario, std::to_string(pages * page_bytes_)});
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

Environment Vm::environment(const Environment& more) const {
    Environment environment = more;
    environment.try_emplace("HUGEPAGE_FILES_PATH", pool_.string());
    environment.try_emplace("HUGEPAGE_LOG", "warn");
    if (page_bytes_ >= 1UL << 30) {  // an emulated machine takes seconds to zero one
        environment.try_emplace("HUGEPAGE_ZERO", "never");
    }
    environment.emplace("LD_PRELOAD", SHIM_LIBRARY);
    return environment;
}

Outcome Vm::take(int count, const Environment& more, const std::vector<std::string>& before,
                 const std::string& scenario) const {
    Outcome outcome = run(command(scenario, {std::to_string(count)}, before), environment(more));
    const auto end = outcome.out.find("holding\n");
    EXPECT_NE(end, std::string::npos) << outcome.out << outcome.err;
    outcome.out = outcome.out.substr(0, end);
    return outcome;
}

std::string Vm::file_on(int node, int pages) {
    return "file N" + std::to_string(node) + "=" + std::to_string(pages) + "\n";
}

}  // namespace tests
