#include "shim/base/next.h"

#include <link.h>

#include <pthread.h>
#include <sys/mman.h>

#include <cerrno>
#include <string_view>

// Where this library begins, by the linker.
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start[];

namespace hugepage::next {
namespace {

// Whether there is nothing in the process but the program, this library, the C library, its loader, and what
// the kernel brings. Then the functions to be found are the C library's, which are the bare system calls; not
// to look for them spares every small child of the sealer the time.
bool is_alone() noexcept {
    constexpr int kCompany = 4;
    int objects = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* count) {
            const bool is_the_kernels = std::string_view(object->dlpi_name).starts_with("linux-vdso.so");
            *static_cast<int*>(count) += is_the_kernels ? 0 : 1;
            return 0;
        },
        &objects);
    return objects <= kCompany;
}

// What a library has for others to find. A library without the GNU hash table, which all linkers have made
// since 2006, has nothing.
class Exports {
  public:
    explicit Exports(const dl_phdr_info& object) noexcept : base_(object.dlpi_addr) {
        const ElfW(Dyn)* entry = nullptr;
        for (std::size_t i = 0; i < object.dlpi_phnum; ++i) {
            if (object.dlpi_phdr[i].p_type == PT_DYNAMIC) {
                entry = reinterpret_cast<const ElfW(Dyn)*>(base_ + object.dlpi_phdr[i].p_vaddr);
            }
        }
        for (; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
            // glibc has made an address of it, musl leaves the offset.
            const auto offset = entry->d_un.d_ptr;
            const auto address = offset < base_ ? base_ + offset : offset;
            if (entry->d_tag == DT_GNU_HASH) {
                hash_ = reinterpret_cast<const std::uint32_t*>(address);
            } else if (entry->d_tag == DT_SYMTAB) {
                symbols_ = reinterpret_cast<const ElfW(Sym)*>(address);
            } else if (entry->d_tag == DT_STRTAB) {
                texts_ = reinterpret_cast<const char*>(address);
            } else if (entry->d_tag == DT_VERSYM) {
                versions_ = reinterpret_cast<const ElfW(Half)*>(address);
            }
        }
    }

    // The function of this name, in its default version.
    [[nodiscard]] void* find(std::string_view name) const noexcept {
        if (hash_ == nullptr || symbols_ == nullptr || texts_ == nullptr || hash_[0] == 0) {
            return nullptr;
        }
        std::uint32_t wanted = 5381;
        for (const char c : name) {
            wanted = wanted * 33 + static_cast<unsigned char>(c);
        }
        const std::uint32_t buckets = hash_[0];
        const std::uint32_t first = hash_[1];
        const std::uint32_t* const bucket = hash_ + 4 + hash_[2] * (sizeof(ElfW(Addr)) / sizeof *hash_);
        const std::uint32_t* const chain = bucket + buckets;
        for (std::uint32_t i = bucket[wanted % buckets]; i >= first; ++i) {
            const std::uint32_t hash = chain[i - first];  // except the lowest bit, which marks the last
            if ((hash | 1) == (wanted | 1) && is_function(i) && name == texts_ + symbols_[i].st_name) {
                return reinterpret_cast<void*>(base_ + symbols_[i].st_value);
            }
            if ((hash & 1) != 0) {
                break;
            }
        }
        return nullptr;
    }

  private:
    [[nodiscard]] bool is_function(std::uint32_t i) const noexcept {
        constexpr unsigned kOldVersion = 0x8000;
        return symbols_[i].st_shndx != SHN_UNDEF && (symbols_[i].st_info & 0xf) == STT_FUNC &&
               (versions_ == nullptr || (versions_[i] & kOldVersion) == 0);
    }

    ElfW(Addr) base_;
    const std::uint32_t* hash_ = nullptr;
    const ElfW(Sym) * symbols_ = nullptr;
    const char* texts_ = nullptr;
    const ElfW(Half) * versions_ = nullptr;
};

}  // namespace

int posix_madvise_call(void* address, std::size_t length, int advice) noexcept {
    if (advice == POSIX_MADV_DONTNEED) {
        return 0;  // the kernel's would lose the content, which POSIX's must not
    }
    const ErrnoGuard guard;
    return kernel::madvise(address, length, advice) == 0 ? 0 : errno;
}

// A cancellation point, as the C library's: a thread may be cancelled while the call waits for the disk.
int msync_call(void* address, std::size_t length, int flags) {
    int before = 0;
    ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    const int result = static_cast<int>(sys::call(SYS_msync, address, length, flags));
    ::pthread_setcanceltype(before, nullptr);
    return result;
}

void* find(const char* name) noexcept {
    struct Search {
        std::string_view name;
        bool is_behind = false;
        void* found = nullptr;
    } search{name};
    ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* data) {
            auto& wanted = *static_cast<Search*>(data);
            if (wanted.is_behind) {
                wanted.found = Exports(*object).find(wanted.name);
            }
            wanted.is_behind =
                wanted.is_behind || object->dlpi_addr == reinterpret_cast<ElfW(Addr)>(__ehdr_start);
            return wanted.found == nullptr ? 0 : 1;
        },
        &search);
    return search.found;
}

void resolve() noexcept {
    if (!is_alone()) {
        [](auto&... links) { (links.look_up(), ...); }(mmap, mmap64, munmap, mremap, madvise, posix_madvise,
                                                       mprotect, msync, mlock, mlock2, munlock, mlockall,
                                                       munlockall, mincore);
    }
}

}  // namespace hugepage::next
