#include "tests/hugetlb/storm/conductor/files.h"

#include "tests/hugetlb/storm/ledger.h"
#include "tests/support/pool_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <stdexcept>
#include <utility>

namespace storm {
namespace {

// Of all its bytes, zeroed by the kernel; not if there are too few huge pages.
bool allocate(int fd, std::size_t bytes) {
    return ::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) == 0;
}

}  // namespace

Files::Files(std::filesystem::path folder, std::uint64_t seed) : folder_(std::move(folder)), random_(seed) {
    std::filesystem::create_directories(folder_);
    for (const Kind& kind : kKinds) {
        for (std::size_t i = 0; i < kind.files; ++i) {
            const std::string name = std::to_string(kind.bytes >> 20) + "M-" + std::to_string(i);
            places_.push_back({folder_ / name, kind.bytes});
            if (!make(places_.back())) {
                throw std::runtime_error("too few huge pages for " + name);
            }
        }
    }
    replaced_ = 0;
}

int Files::create(const std::filesystem::path& path, std::size_t bytes) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat facts {};
    if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0 || ::fstat(fd, &facts) != 0) {
        throw std::runtime_error("create " + path.string());
    }
    made_.push_back({facts.st_dev, facts.st_ino});
    constexpr std::size_t kMostRemembered = 8192;  // nobody has an earlier one any more
    if (made_.size() > kMostRemembered) {
        made_.pop_front();
    }
    return fd;
}

// Complete before it has its name, over another that may have it. Zeroed, or as a former owner left it.
bool Files::make(const Place& place) {
    const auto unfinished = folder_ / ".unfinished";
    const int fd = create(unfinished, place.bytes);
    const bool made = allocate(fd, place.bytes);
    if (made && random_.one_in(2)) {
        void* memory = ::mmap(nullptr, place.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        std::memset(memory, 0xa5, place.bytes);
        ::munmap(memory, place.bytes);
    }
    ::close(fd);
    if (!made) {
        ++without_pages_;
        std::filesystem::remove(unfinished);
        return false;
    }
    std::filesystem::rename(unfinished, place.path);
    return true;
}

// Under its name from the start, with holes until it is come back to.
void Files::begin(const Place& place) {
    const int fd = create(place.path, place.bytes);
    static_cast<void>(allocate(fd, place.bytes / 2));
    ::close(fd);
    ++with_holes_;
}

bool Files::complete(const std::filesystem::path& path) const {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0 && facts.st_blocks * 512 >= facts.st_size;
}

void Files::add(const Place& place) {
    if (random_.one_in(3)) {
        return begin(place);
    }
    added_ += make(place) ? 1U : 0U;
}

void Files::change(const Place& place) {
    const Place& other = places_.at(random_.below(places_.size()));
    switch (random_.below(5)) {
        case 0:
            std::filesystem::remove(place.path);
            ++deleted_;
            return;
        case 1:
            std::filesystem::remove(place.path);
            begin(place);
            ++replaced_;
            return;
        case 2:  // which deletes the other, if there is one, and changes the size of what has its name
            std::filesystem::rename(place.path, other.path);
            ++moved_;
            return;
        case 3:
            if (!std::filesystem::exists(other.path)) {
                std::filesystem::create_hard_link(place.path, other.path);
                ++moved_;
            }
            return;
        default:
            replaced_ += make(place) ? 1U : 0U;
    }
}

void Files::disturb() {
    const Place& place = places_.at(random_.below(places_.size()));
    if (!std::filesystem::exists(place.path)) {
        return add(place);
    }
    if (complete(place.path)) {
        return change(place);
    }
    const int fd = ::open(place.path.c_str(), O_RDWR | O_CLOEXEC);
    if (allocate(fd, std::filesystem::file_size(place.path))) {
        ++added_;
    } else {
        ++without_pages_;
        std::filesystem::remove(place.path);
    }
    ::close(fd);
}

std::string Files::summary() const {
    const auto count = [](std::uint64_t number, const char* what) {
        return std::to_string(number) + " " + what;
    };
    return "files: " + count(deleted_, "deleted, ") + count(replaced_, "replaced, ") +
           count(added_, "added, ") + count(moved_, "renamed or linked, ") +
           count(with_holes_, "with holes for a while, ") +
           count(without_pages_, "not made for lack of huge pages");
}

std::set<tools::FileId> Files::made() const {
    return {made_.begin(), made_.end()};
}

std::vector<std::string> Files::leased() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
        if (tests::is_leased(file.path())) {
            names.push_back(file.path().filename());
        }
    }
    return names;
}

std::uint64_t Files::bytes() const {
    std::map<ino_t, std::uint64_t> files;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
        struct stat facts {};
        if (::lstat(file.path().c_str(), &facts) == 0) {
            files[facts.st_ino] = static_cast<std::uint64_t>(facts.st_blocks) * 512;
        }
    }
    std::uint64_t sum = 0;
    for (const auto& [inode, size] : files) {
        sum += size;
    }
    return sum;
}

}  // namespace storm
