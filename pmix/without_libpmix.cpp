// SPDX-License-Identifier: Apache-2.0
// In place of server.cpp and status.cpp where vrun is built without libpmix (VRUN_PMIX=OFF): a
// server that serves nobody. Ranks find no PMIX_* in their environment and use PMI.
#include "pmix/server.hpp"

namespace vrun::pmix {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "pmix"; }
    std::string message(int value) const override { return "PMIx status " + std::to_string(value); }
};

}  // namespace

const std::error_category& category() noexcept {
    static const Category category;
    return category;
}

std::string library_version() {
    return {};
}

struct Server::State {};

Server::Server(asio::any_io_executor, ServerSetup, Upcalls&) {}

Server::~Server() = default;

asio::awaitable<void> Server::open_job(const JobSetup&) {
    co_return;
}

std::vector<std::string> Server::environment_of(Rank) const {
    return {};
}

asio::awaitable<ModexData> Server::request_modex(Rank) {
    ModexData data{status::not_supported, {}};
    co_return data;
}

asio::awaitable<bool> Server::close_job() {
    co_return true;
}

}  // namespace vrun::pmix
