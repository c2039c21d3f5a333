// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/job_directories.hpp"

#include "wire/base/result.hpp"

#include <sys/stat.h>
#include <asio/co_spawn.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>

namespace vrun::shepherd {
namespace {

std::string make_directory(const std::string& base, const std::string& name) {
    const std::string path = base + '/' + name;
    if (::mkdir(path.c_str(), 0700) < 0)
        throw std::system_error{errno, std::system_category(), "make the job's directory " + path};
    return path;
}

asio::awaitable<bool> remove_both(JobDirectories directories) {
    bool is_gone = true;
    for (const std::string& path : {directories.session, directories.shm})
        if (!path.empty()) is_gone = remove_tree(path) && is_gone;
    co_return is_gone;
}

}  // namespace

JobDirectories make_job_directories(const BaseDirectories& base, const std::string& name) {
    JobDirectories directories;
    directories.session = make_directory(base.tmp, name);
    if (!base.shm.empty()) directories.shm = make_directory(base.shm, name);
    return directories;
}

asio::awaitable<bool> remove_job_directories(JobDirectories directories) {
    asio::thread_pool thread{1};
    auto removal = remove_both(std::move(directories));
    co_return co_await asio::co_spawn(thread, std::move(removal), asio::use_awaitable);
}

}  // namespace vrun::shepherd
