// Buffers taken as sealers take them.
#include "tools/pc1/sector_buffer.h"

#include <gmock/gmock.h>

#include <system_error>

#include <algorithm>
#include <span>
#include <utility>

namespace pc1 {
namespace {

constexpr std::size_t kSize = 3 * 4096 + 32;

TEST(SectorBuffer, IsZeroAndWritableHoweverItWasGot) {
    for (const Allocation allocation : {Allocation::kMmap, Allocation::kCalloc}) {
        const SectorBuffer buffer = SectorBuffer::get(allocation, kSize);
        const std::span bytes(buffer.data(), buffer.size());
        ASSERT_EQ(bytes.size(), kSize);
        EXPECT_THAT(bytes, testing::Each(0));
        std::ranges::fill(bytes, std::uint8_t{0xff});
    }
}

TEST(SectorBuffer, IsEitherLockedOrSaysWhyNot) {
    const SectorBuffer buffer = SectorBuffer::map_and_lock(kSize);
    EXPECT_NE(buffer.is_locked(), buffer.lock_error() != 0);
}

TEST(SectorBuffer, IsNotLockedIfItComesFromCalloc) {
    const SectorBuffer buffer = SectorBuffer::zero_allocate(kSize);
    EXPECT_FALSE(buffer.is_locked());
    EXPECT_EQ(buffer.lock_error(), 0);
}

TEST(SectorBuffer, MovesWithItsContents) {
    SectorBuffer first = SectorBuffer::map_and_lock(kSize);
    SectorBuffer second = SectorBuffer::zero_allocate(2 * kSize);
    first.data()[0] = 1;
    second.data()[0] = 2;
    std::swap(first, second);
    EXPECT_EQ(first.size(), 2 * kSize);
    EXPECT_EQ(first.data()[0], 2);
    EXPECT_EQ(second.data()[0], 1);
}

TEST(SectorBuffer, SaysWhatFailedIfThereIsNoMemory) {
    constexpr std::size_t kAbsurd = std::size_t{1} << 60;
    EXPECT_THROW((void)SectorBuffer::map_and_lock(kAbsurd), std::system_error);
}

}  // namespace
}  // namespace pc1
