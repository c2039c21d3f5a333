// SPDX-License-Identifier: Apache-2.0
#include "daemon/mpi_libraries.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace vrun::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::array stems{"libmpi.so.", "libmpich.so."};  // libmpi_cxx.so is none

// With the number of its interface alone: libmpi.so.40, of which libmpi.so.40.30.4 is the file.
bool is_library(std::string_view name) {
    for (const std::string_view stem : stems) {
        if (!name.starts_with(stem)) continue;
        const std::string_view number = name.substr(stem.size());
        return !number.empty() && number.find_first_not_of("0123456789") == number.npos;
    }
    return false;
}

void look_in(const fs::path& directory, std::set<std::string>& found) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator{directory, ignored})
        if (is_library(entry.path().filename().string())) found.insert(entry.path().string());
}

void look_below(const fs::path& parent, std::string_view rest, std::set<std::string>& found) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator{parent, ignored})
        if (entry.is_directory(ignored)) look_in(entry.path() / rest, found);
}

}  // namespace

std::vector<std::string> mpi_libraries(std::string_view search, const fs::path& root) {
    std::set<std::string> found;
    while (!search.empty()) {
        const std::string_view directory = search.substr(0, search.find(':'));
        search.remove_prefix(std::min(search.size(), directory.size() + 1));
        if (directory.starts_with('/')) look_in(root / directory.substr(1), found);
    }
    for (const char* directory :
         {"usr/lib", "usr/lib64", "usr/local/lib", "usr/lib64/openmpi/lib", "usr/lib64/mpich/lib"})
        look_in(root / directory, found);
    look_below(root / "usr/lib", "", found);  // of Debian: usr/lib/x86_64-linux-gnu
    look_below(root / "opt", "lib", found);
    return {found.begin(), found.end()};
}

}  // namespace vrun::daemon
