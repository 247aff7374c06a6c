// A program that defines malloc for all that is loaded with it. It is looked at, not run.
#include <cstddef>

extern "C" [[gnu::visibility("default")]] void* malloc(std::size_t /*size*/) noexcept {
    return nullptr;
}

int main() {
    return 0;
}
