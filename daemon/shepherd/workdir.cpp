// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/workdir.hpp"

#include "process/program.hpp"
#include "wire/base/escape.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace vrun::shepherd {
namespace {

// 0, or the errno that chdir() would fail with.
int obstacle(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) return errno;
    if (!S_ISDIR(status.st_mode)) return ENOTDIR;
    return ::access(path.c_str(), X_OK) < 0 ? errno : 0;
}

}  // namespace

Result<std::string> find_workdir(const std::string& wanted,
                                 const std::vector<std::string>& environment) {
    const int error = obstacle(wanted);
    if (error == 0) return wanted;
    std::string also;
    const auto home = process::value_in(environment, "HOME");
    if (error == ENOENT && home && !home->empty()) {
        std::string below = std::string{*home} + (wanted.starts_with('/') ? "" : "/") + wanted;
        if (obstacle(below) == 0) return below;
        also =
            " (nor '" + escaped(below) + "'; create one of them there, or name another by --wdir)";
    }
    const std::error_code code{error, std::system_category()};
    return Error{code, "enter the working directory '" + escaped(wanted) + "'" + also};
}

}  // namespace vrun::shepherd
