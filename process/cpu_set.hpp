// SPDX-License-Identifier: Apache-2.0
// process/cpu_set: a set of CPUs as the kernel numbers them, for machines of any size.
// A plain value, written as people and the kernel write it: "0-3,8". Reading refuses numbers
// beyond cpu_max, since a set takes memory up to its largest number.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vrun::process {

inline constexpr unsigned cpu_max = 65'535;

class CpuSet {
public:
    CpuSet() = default;

    // "0-3,8"; "" is the empty set. Nothing if it is anything else.
    static std::optional<CpuSet> of_text(std::string_view text);
    std::string text() const;

    void add(unsigned cpu);
    bool contains(unsigned cpu) const noexcept;
    bool empty() const noexcept { return words_.empty(); }
    std::size_t count() const noexcept;
    std::vector<unsigned> cpus() const;  // ascending

    bool intersects(const CpuSet& other) const noexcept;
    bool includes(const CpuSet& other) const noexcept;
    CpuSet& operator|=(const CpuSet& other);
    CpuSet& operator&=(const CpuSet& other);
    CpuSet& operator-=(const CpuSet& other);
    friend CpuSet operator&(CpuSet a, const CpuSet& b) { return a &= b; }
    friend CpuSet operator-(CpuSet a, const CpuSet& b) { return a -= b; }
    bool operator==(const CpuSet&) const = default;

    // Bit i is CPU i, as sched_setaffinity takes it.
    std::span<const std::uint64_t> words() const noexcept { return words_; }

private:
    void trim();

    std::vector<std::uint64_t> words_;  // the last one is not 0, so that equal sets are equal
};

// Where the process may run (0: this one). Throws std::system_error.
CpuSet allowed_cpus(pid_t pid = 0);

}  // namespace vrun::process
