// What memory.cpp is made of.
#pragma once

#include "bench/support/buffer.h"

#include <memory>
#include <string>

namespace bench {

void add_zeroing();
void add_populate();
void add_reads();

// What a buffer holds.
enum class Content { anything, chain };

// Buffers stay from one repetition to the next, as far as there is memory for them: making one takes longer
// than most of what is measured. Looked at again before they are handed out.
struct KeptBuffer {
    KeptBuffer(Pages pages, std::size_t bytes) : buffer(pages, bytes) {}

    Buffer buffer;
    Content content = Content::anything;
};
[[nodiscard]] KeptBuffer& kept_buffer(Pages pages, std::size_t bytes);
// Gives all of them back to the system.
void drop_buffers();

// "/pages:2 MiB/bytes:N".
[[nodiscard]] std::string of_buffer(Pages pages, std::size_t bytes);

}  // namespace bench
