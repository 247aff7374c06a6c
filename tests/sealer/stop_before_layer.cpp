// Preloaded behind the shim: a sealer that has computed layer $STOP_BEFORE_LAYER stops, as by SIGSTOP, just
// before it gives the layer's file its name. Both buffers are in use then, and no thread writes to them.

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

// The library writes a layer to a file of another name, and renames it.
extern "C" int rename(const char* from, const char* to) {
    const char* layer = ::secure_getenv("STOP_BEFORE_LAYER");
    if (layer != nullptr && std::string_view(to).ends_with(std::string("layer-") + layer + ".dat")) {
        ::raise(SIGSTOP);
    }
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
