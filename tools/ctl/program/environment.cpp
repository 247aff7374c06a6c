#include "tools/ctl/program/environment.h"

#include "tools/common/failure.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace ctl {
namespace {

bool is_of(std::string_view entry, std::string_view name) {
    return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
}

}  // namespace

std::vector<char*> as_list(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words) {
        pointers.push_back(const_cast<char*>(word.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

Environment Environment::own() {
    Environment environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        environment.entries_.emplace_back(*entry);
    }
    return environment;
}

Environment Environment::of_process(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw tools::system_failure("open " + path, errno,
                                    errno == EACCES ? "ask as root or as the process's user" : "");
    }
    Environment environment;
    std::string entry;
    while (std::getline(file, entry, '\0')) {
        environment.entries_.push_back(entry);
    }
    if (file.bad()) {
        throw tools::system_failure("read " + path, EACCES, "ask as root or as the process's user");
    }
    return environment;
}

const char* Environment::find(std::string_view name) const {
    const auto entry = std::ranges::find_if(entries_, [&](const auto& one) { return is_of(one, name); });
    return entry == entries_.end() ? nullptr : entry->c_str() + name.size() + 1;
}

std::string Environment::value(std::string_view name) const {
    const char* text = find(name);
    return text != nullptr ? text : "";
}

void Environment::set(const std::string& name, const std::string& value) {
    remove(name);
    entries_.push_back(name + "=" + value);
}

void Environment::remove(std::string_view name) {
    std::erase_if(entries_, [&](const auto& entry) { return is_of(entry, name); });
}

}  // namespace ctl
