#include "tools/common/service_manager.h"

#include "shim/base/fd.h"
#include "tools/common/log.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>

namespace tools {

void tell_service_manager(std::string_view status) {
    const char* variable = std::getenv("NOTIFY_SOCKET");
    const std::string_view path = variable != nullptr ? variable : "";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if ((!path.starts_with('/') && !path.starts_with('@')) || path.size() >= sizeof address.sun_path) {
        return;
    }
    std::ranges::copy(path, address.sun_path);
    if (path.starts_with('@')) {
        address.sun_path[0] = '\0';  // a name that is in no folder
    }
    const hugepage::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const std::string message = "STATUS=" + printable(status);
    static_cast<void>(::sendto(socket.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                               reinterpret_cast<const sockaddr*>(&address),
                               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size())));
}

}  // namespace tools
