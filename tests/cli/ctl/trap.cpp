// Code that a program's file may name and that is executed before the program: its loader (by main, linked
// statically) and a library that audits (by la_version). It leaves a file behind.
#include <fcntl.h>
#include <unistd.h>

namespace {

void leave_trace() {
    ::close(::open(TRACE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

}  // namespace

extern "C" [[gnu::visibility("default")]] unsigned la_version(unsigned version) {
    leave_trace();
    return version;
}

int main() {
    leave_trace();
    return 0;
}
