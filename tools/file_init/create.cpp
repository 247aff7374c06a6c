#include "tools/file_init/create.h"

#include "tools/common/failure.h"
#include "tools/file_init/crew.h"
#include "tools/file_init/folders.h"
#include "tools/file_init/new_file.h"
#include "tools/file_init/populate.h"

#include <fcntl.h>
#include <sys/resource.h>

namespace file_init {
namespace {

// Every file stays open until all are complete, and the usual limit is 1024.
void allow_many_open_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

hugepage::Fd open_folder(const Facts& facts) {
    const std::string& path = facts.folder.path;
    auto folder = hugepage::Fd::open(path.c_str(), O_PATH | O_DIRECTORY);
    if (!folder) {
        throw tools::system_failure("open the folder " + path, folder.error().code);
    }
    const auto file_system = hugepage::file_system_of(folder.value().get());
    if (!file_system || file_system.value().kind != hugepage::FileSystem::Kind::hugetlbfs ||
        file_system.value().page_size != facts.folder.file_system.page_size) {
        throw tools::Failure(tools::ExitCode::failed,
                             path + " has been mounted or unmounted meanwhile; run this again");
    }
    return std::move(folder.value());
}

void fill(const std::vector<NewFile>& files, const Request& request, const Facts& facts,
          const tools::Interrupts& interrupts) {
    const Crew crew = crew_for(facts.node, request.threads);
    TouchJob job;
    for (const NewFile& file : files) {
        job.files.push_back(file.fd());
    }
    job.file_size = request.size;
    job.page_size = facts.folder.file_system.page_size;
    job.node = facts.node;
    job.cpus = crew.cpus;
    job.threads = crew.threads;
    populate(job, interrupts);
}

void publish_all(const std::vector<NewFile>& files, int folder) {
    std::size_t published = 0;
    try {
        for (; published < files.size(); ++published) {
            files[published].publish(folder);
        }
    } catch (...) {
        for (std::size_t i = 0; i < published; ++i) {
            files[i].withdraw(folder);
        }
        throw;
    }
}

}  // namespace

void create(const Request& request, const Facts& facts, const Plan& plan,
            const tools::Interrupts& interrupts) {
    allow_many_open_files();
    Folders folders;
    for (const std::string& path : facts.folder.missing) {
        folders.make(path);
    }
    const hugepage::Fd folder = open_folder(facts);
    std::vector<NewFile> files;
    for (const std::string& path : plan.create) {
        files.push_back(NewFile::in(folder.get(), path, request));
    }
    fill(files, request, facts, interrupts);
    interrupts.check();
    publish_all(files, folder.get());
    folders.keep();
}

}  // namespace file_init
