// SPDX-License-Identifier: Apache-2.0
#include "wire/job_id.hpp"

#include "wire/base/result.hpp"

#include <sys/random.h>

namespace vrun::wire {
namespace {

constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t letters = 13;  // of 5 bits; the first holds 4

}  // namespace

std::uint64_t random_id() {
    std::uint64_t id = 0;
    while (id == 0)
        check(::getrandom(&id, sizeof id, 0), "getrandom");
    return id;
}

std::string id_text(JobId job) {
    std::string text(letters, '0');
    for (auto letter = text.rbegin(); letter != text.rend(); ++letter, job >>= 5)
        *letter = digits[job & 31];
    return text;
}

std::optional<JobId> id_of(std::string_view text) {
    if (text.size() != letters || digits.find(text.front()) >= 16) return std::nullopt;
    JobId job = 0;
    for (const char letter : text) {
        const std::size_t digit = digits.find(letter);
        if (digit == digits.npos) return std::nullopt;
        job = job << 5 | digit;
    }
    return job;
}

std::string namespace_of(JobId job) {
    return "vrun-" + id_text(job);
}

}  // namespace vrun::wire
