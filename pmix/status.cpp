// SPDX-License-Identifier: Apache-2.0
#include "pmix/status.hpp"

#include <pmix.h>
#include <pmix_version.h>

namespace vrun::pmix {
namespace {

static_assert(status::success == PMIX_SUCCESS && status::error == PMIX_ERROR);
static_assert(status::timeout == PMIX_ERR_TIMEOUT && status::unreachable == PMIX_ERR_UNREACH);
static_assert(status::bad_param == PMIX_ERR_BAD_PARAM && status::not_found == PMIX_ERR_NOT_FOUND);
static_assert(status::not_supported == PMIX_ERR_NOT_SUPPORTED);
static_assert(status::lost_connection == PMIX_ERR_LOST_CONNECTION);
static_assert(status::job_aborted == PMIX_ERR_JOB_ABORTED);

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "pmix"; }
    std::string message(int value) const override { return PMIx_Error_string(value); }
};

}  // namespace

const std::error_category& category() noexcept {
    static const Category category;
    return category;
}

std::string library_version() {
    // "OpenPMIx 4.2.2rc2, repo rev: …": the second word
    const std::string text = PMIx_Get_version();
    const auto begin = text.find_first_of("0123456789");
    return begin == std::string::npos ? text
                                      : text.substr(begin, text.find_first_of(", ", begin) - begin);
}

}  // namespace vrun::pmix
