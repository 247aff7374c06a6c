// A file that has no name until it is complete: whatever happens before, its pages return by themselves.
#pragma once

#include "shim/base/fd.h"
#include "tools/file_init/request.h"

#include <string>

namespace file_init {

class NewFile {
  public:
    // In the folder that `folder` is open on, of the request's size, owner, group and mode, without any page.
    // `path` is the name it is meant to have, for messages. Throws Failure.
    static NewFile in(int folder, const std::string& path, const Request& request);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    // Gives it its name. Never replaces anything: throws Failure if the name is taken.
    void publish(int folder) const;
    // Takes the name away again, if it is still this file's.
    void withdraw(int folder) const noexcept;

  private:
    NewFile(hugepage::Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    [[nodiscard]] std::string name() const;

    hugepage::Fd fd_;
    std::string path_;
};

}  // namespace file_init
