#include "tools/common/service_manager.h"

#include "shim/base/fd.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace tools {
namespace {

// A manager that listens where NOTIFY_SOCKET says.
class Manager {
  public:
    explicit Manager(const std::string& place) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        place.copy(address.sun_path, sizeof address.sun_path - 1);
        if (place.starts_with('@')) {
            address.sun_path[0] = '\0';
        }
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + place.size());
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
        ::setenv("NOTIFY_SOCKET", place.c_str(), 1);
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

    [[nodiscard]] std::string told() const {
        std::array<char, 256> text{};
        const ssize_t length = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
        return {text.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
    }

  private:
    hugepage::Fd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST(ServiceManager, IsToldOneLine) {
    const tests::TempDir folder;
    for (const std::string& place :
         {(folder.path() / "notify").string(), "@hugepage-shim-test-" + std::to_string(::getpid())}) {
        const Manager manager(place);
        tell_service_manager("degraded: node 0: 1 of 2 files");
        EXPECT_EQ(manager.told(), "STATUS=degraded: node 0: 1 of 2 files");
        tell_service_manager("x\nMAINPID=1");
        EXPECT_EQ(manager.told(), "STATUS=x\\x0aMAINPID=1");
    }
}

TEST(ServiceManager, NeedsNone) {
    tell_service_manager("nobody is there");
    for (const char* place : {"", "/no/such/socket", "vsock:2:1234"}) {
        ::setenv("NOTIFY_SOCKET", place, 1);
        tell_service_manager("nobody is there");
    }
    ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
    tell_service_manager("nobody is there");
    ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace tools
