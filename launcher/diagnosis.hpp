// SPDX-License-Identifier: Apache-2.0
// launcher/diagnosis: what is wrong with a cluster, from what its nodes say of themselves.
// Pure: an Examination in, findings out, each with what to do about it. A row of a table is a
// check; the text of others in a finding is escaped.
#pragma once

#include "wire/messages/health.hpp"

#include <string>
#include <vector>

namespace vrun::launcher {

struct Finding {
    std::string host;
    std::string check;  // "shm"
    std::string text;   // what is there
    std::string fix;    // what to type or to set

    bool operator==(const Finding&) const = default;
};

std::vector<Finding> findings_of(const wire::Examination& examination);

// For people; ends with what was found, or that nothing was.
std::string diagnosis_text(const wire::Examination& examination,
                           const std::vector<Finding>& findings);
std::string diagnosis_json(const wire::Examination& examination,
                           const std::vector<Finding>& findings);

}  // namespace vrun::launcher
