#include "tests/clients/clients.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <numeric>
#include <utility>

namespace tests {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
        ++found;
    }
    return found;
}

bool is_free(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const bool locked = fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    ::close(fd);
    return locked;
}

}  // namespace

std::size_t Trial::leases() const {
    return count(log, " leased memory file: ");
}

std::size_t Trial::fallbacks() const {
    return count(log, "unable to alloc numa memory, falling back");
}

Clients::Clients(std::vector<std::uint64_t> sizes)
    : sizes_(std::move(sizes)),
      pool_({"Huge2M", 2UL << 20, std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t{0})}) {}

void Clients::SetUp() {
    if (!pool_.missing().empty()) {
        GTEST_SKIP() << pool_.missing();
    }
    for (const auto size : sizes_) {
        files_.push_back(pool_.add(std::to_string(files_.size()), size));
    }
    // Some of the clients are other users.
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0777));
}

void Clients::TearDown() {
    for (const auto& file : files_) {
        EXPECT_TRUE(is_free(file)) << file;
    }
}

Trial Clients::try_with(const std::string& libraries, const Tool& tool, const Arguments& arguments,
                        const Environment& more) const {
    if (!std::filesystem::exists(tool.path)) {
        ADD_FAILURE() << "needs the package " << tool.package
                      << ": run scripts/install-packages.sh full, configure and build again";
        return {};
    }
    const auto log = dir_.path() / "log";
    std::filesystem::remove(log);
    Environment environment = more;
    environment.emplace("HUGEPAGE_FILES_PATH", pool_.path().string());
    environment.emplace("HUGEPAGE_LOG", "info");
    environment.emplace("HUGEPAGE_LOG_FILE", log.string());
    if (!libraries.empty()) {
        environment.emplace("LD_PRELOAD", libraries);
    }
    Arguments command = {tool.path};
    command.insert(command.end(), arguments.begin(), arguments.end());
    Trial result{run(command, environment), {}};
    result.log = read_file(log);
    EXPECT_TRUE(result.outcome.ok()) << tool.path << " preloaded with '" << libraries
                                     << "' ended with status " << result.outcome.exit_status << ", signal "
                                     << result.outcome.signal << ":\n"
                                     << result.outcome.out << result.outcome.err << result.log;
    return result;
}

Both Clients::compare(const std::string& libraries, const Tool& tool, const Arguments& arguments,
                      const Environment& more) const {
    Both both{try_with("", tool, arguments, more), try_with(libraries, tool, arguments, more)};
    EXPECT_THAT(both.plain.log, IsEmpty());
    EXPECT_EQ(both.preloaded.outcome.out, both.plain.outcome.out);
    return both;
}

void expect_served(const Both& both) {
    EXPECT_EQ(both.plain.outcome.err, kNotServed);
    EXPECT_EQ(both.preloaded.outcome.err, kServed);
    EXPECT_EQ(both.preloaded.leases(), 2U) << both.preloaded.log;
    EXPECT_THAT(both.preloaded.log, HasSubstr("page_size: 2.0 MiB"));
    EXPECT_THAT(both.preloaded.log, Not(HasSubstr(" WARN ")));
}

void expect_left_alone(const Both& both) {
    EXPECT_EQ(both.plain.outcome.err, kNotServed);
    EXPECT_EQ(both.preloaded.outcome.err, kNotServed);
    EXPECT_THAT(both.preloaded.log, Not(AnyOf(HasSubstr("leased"), HasSubstr(" WARN "))));
}

}  // namespace tests
