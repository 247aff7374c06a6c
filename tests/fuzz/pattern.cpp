// The pattern of the files' path, with folders to search: the first line is the name with the placeholder,
// the others are what the folder holds.
#include "shim/base/file_pattern.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/support/temp_dir.h"

#include <fcntl.h>
#include <unistd.h>

#include <set>
#include <string>

namespace {

using namespace hugepage;
using fuzzing::expect;

const std::string& folder() {
    static const tests::TempDir dir("/dev/shm");
    static const std::string path = dir.path().string();
    return path;
}

std::string replaced(std::string_view pattern, const std::string& number) {
    std::string text(pattern);
    for (std::size_t at = 0; (at = text.find(FilePattern::kPlaceholder, at)) != std::string::npos;) {
        text.replace(at, FilePattern::kPlaceholder.size(), number);
        at += number.size();
    }
    return text;
}

// Empty files while this lives; names that can't be made are left out.
class Files {
  public:
    explicit Files(const std::vector<std::string_view>& names) {
        for (const std::string_view name : names) {
            const std::string path = folder() + "/" + std::string(name);
            const int fd = name.find('/') == std::string_view::npos
                               ? ::open(path.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                               : -1;
            if (fd >= 0) {
                ::close(fd);
                names_.insert(std::string(name));
            }
        }
    }
    ~Files() {
        for (const std::string& name : names_) {
            ::unlink((folder() + "/" + name).c_str());
        }
    }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;

    [[nodiscard]] bool contains(const std::string& name) const { return names_.contains(name); }

  private:
    std::set<std::string> names_;
};

void check_nodes(const FilePattern& pattern, const std::vector<std::string_view>& names) {
    if (std::string_view(pattern.searched_folder().view()) != folder() + "/") {
        return;  // the placeholder is further down, or the name begins elsewhere
    }
    const Files files(names);
    std::set<int> visited;
    const Status searched = pattern.for_each_node([&](NodeId node) {
        expect(node.value >= 0 && node.value < kMaxNodes, "only numbers of nodes are visited");
        expect(visited.insert(node.value).second, "each node is visited once");
    });
    expect(searched.ok(), "a folder that is there is listed");
    const std::string_view rest = pattern.text().substr(folder().size() + 1);
    const std::string_view name = rest.substr(0, rest.find('/'));
    for (int node = 0; node < kMaxNodes; ++node) {
        expect(files.contains(replaced(name, std::to_string(node))) == visited.contains(node),
               "the nodes are those whose name is in the folder");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input = fuzzing::text_of(data, size);
    input = input.substr(0, input.find('\0'));
    auto lines = fuzzing::split(input, '\n');
    const std::string text = folder() + "/" + std::string(lines[0]);
    lines.erase(lines.begin());

    std::string kept = text;
    if (kept.ends_with("/*")) {
        kept.resize(kept.size() - 2);
    }
    const auto pattern = FilePattern::parse(text);
    expect(pattern.has_value() ==
               (kept.find(FilePattern::kPlaceholder) != std::string::npos && kept.size() < 1024),
           "a pattern has a placeholder and a path's length");
    if (!pattern) {
        return 0;
    }
    expect(pattern->text() == kept, "a pattern is kept as it is");
    for (const int node : {0, 7, kMaxNodes - 1}) {
        const Path path = pattern->path_of(NodeId{node});
        expect(!path.truncated() && path.view() == replaced(kept, std::to_string(node)),
               "each placeholder is the number");
    }
    check_nodes(*pattern, lines);
    const auto below = FilePattern::in_folder(text);
    expect(!below || below->text() == text + "/numa_$NUMA_NODE_INDEX", "a folder has its nodes in numa_N");
    return 0;
}
