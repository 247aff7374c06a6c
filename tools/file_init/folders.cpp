#include "tools/file_init/folders.h"

#include "tools/common/failure.h"

#include <sys/stat.h>
#include <unistd.h>

namespace file_init {

Folders::~Folders() {
    for (; !made_.empty(); made_.pop_back()) {
        ::rmdir(made_.back().c_str());
    }
}

void Folders::make(const std::string& path) {
    constexpr mode_t kMode = 0755;
    made_.reserve(made_.size() + 1);
    std::string own = path;
    if (::mkdir(path.c_str(), kMode) != 0) {
        if (errno == EEXIST) {
            return;
        }
        throw tools::system_failure("make the folder " + path, errno);
    }
    made_.push_back(std::move(own));
    // The umask has taken bits from the mode.
    if (::chmod(path.c_str(), kMode) != 0) {
        throw tools::system_failure("chmod " + path, errno);
    }
}

}  // namespace file_init
