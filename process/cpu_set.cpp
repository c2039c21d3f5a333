// SPDX-License-Identifier: Apache-2.0
#include "process/cpu_set.hpp"

#include "wire/base/result.hpp"
#include "wire/base/words.hpp"

#include <sched.h>
#include <algorithm>
#include <bit>
#include <cerrno>

namespace vrun::process {
namespace {

constexpr unsigned bits = 64;

std::optional<unsigned> cpu_in(std::string_view text) {
    const auto cpu = number_in<unsigned>(text);
    return cpu > cpu_max ? std::nullopt : cpu;
}

}  // namespace

std::optional<CpuSet> CpuSet::of_text(std::string_view text) {
    CpuSet set;
    while (!text.empty()) {
        const std::size_t end = text.find(',');
        const std::string_view range = text.substr(0, end);
        const std::size_t dash = range.find('-');
        const auto first = cpu_in(range.substr(0, dash));
        const auto last = dash == range.npos ? first : cpu_in(range.substr(dash + 1));
        if (!first || !last || *first > *last) return std::nullopt;
        for (unsigned cpu = *first; cpu <= *last; ++cpu)
            set.add(cpu);
        if (end == text.npos) return set;
        text.remove_prefix(end + 1);
        if (text.empty()) return std::nullopt;
    }
    return set;
}

std::string CpuSet::text() const {
    std::string text;
    const std::vector<unsigned> all = cpus();
    for (std::size_t i = 0; i < all.size();) {
        std::size_t end = i + 1;
        while (end < all.size() && all[end] == all[end - 1] + 1)
            ++end;
        text += (text.empty() ? "" : ",") + std::to_string(all[i]);
        if (end - i > 1) text += "-" + std::to_string(all[end - 1]);
        i = end;
    }
    return text;
}

void CpuSet::add(unsigned cpu) {
    if (cpu / bits >= words_.size()) words_.resize(cpu / bits + 1);
    words_[cpu / bits] |= std::uint64_t{1} << cpu % bits;
}

bool CpuSet::contains(unsigned cpu) const noexcept {
    return cpu / bits < words_.size() && (words_[cpu / bits] >> cpu % bits & 1) != 0;
}

std::size_t CpuSet::count() const noexcept {
    std::size_t total = 0;
    for (const std::uint64_t word : words_)
        total += static_cast<std::size_t>(std::popcount(word));
    return total;
}

std::vector<unsigned> CpuSet::cpus() const {
    std::vector<unsigned> all;
    for (std::size_t i = 0; i < words_.size(); ++i)
        for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
            all.push_back(static_cast<unsigned>(i * bits) +
                          static_cast<unsigned>(std::countr_zero(word)));
    return all;
}

bool CpuSet::intersects(const CpuSet& other) const noexcept {
    const std::size_t size = std::min(words_.size(), other.words_.size());
    for (std::size_t i = 0; i < size; ++i)
        if ((words_[i] & other.words_[i]) != 0) return true;
    return false;
}

bool CpuSet::includes(const CpuSet& other) const noexcept {
    if (other.words_.size() > words_.size()) return false;
    for (std::size_t i = 0; i < other.words_.size(); ++i)
        if ((other.words_[i] & ~words_[i]) != 0) return false;
    return true;
}

CpuSet& CpuSet::operator|=(const CpuSet& other) {
    words_.resize(std::max(words_.size(), other.words_.size()));
    for (std::size_t i = 0; i < other.words_.size(); ++i)
        words_[i] |= other.words_[i];
    return *this;
}

CpuSet& CpuSet::operator&=(const CpuSet& other) {
    words_.resize(std::min(words_.size(), other.words_.size()));
    for (std::size_t i = 0; i < words_.size(); ++i)
        words_[i] &= other.words_[i];
    trim();
    return *this;
}

CpuSet& CpuSet::operator-=(const CpuSet& other) {
    const std::size_t size = std::min(words_.size(), other.words_.size());
    for (std::size_t i = 0; i < size; ++i)
        words_[i] &= ~other.words_[i];
    trim();
    return *this;
}

void CpuSet::trim() {
    while (!words_.empty() && words_.back() == 0)
        words_.pop_back();
}

CpuSet allowed_cpus(pid_t pid) {
    // The kernel refuses a buffer smaller than its own set, and does not say how large that is.
    for (std::size_t size = CPU_SETSIZE / bits;; size *= 2) {
        std::vector<std::uint64_t> words(size);
        auto* const set = reinterpret_cast<cpu_set_t*>(words.data());
        if (::sched_getaffinity(pid, size * sizeof(std::uint64_t), set) < 0) {
            if (errno != EINVAL) check(-1, "sched_getaffinity");
            continue;
        }
        CpuSet result;
        for (std::size_t cpu = 0; cpu < size * bits; ++cpu)
            if ((words[cpu / bits] >> cpu % bits & 1) != 0) result.add(static_cast<unsigned>(cpu));
        return result;
    }
}

}  // namespace vrun::process
