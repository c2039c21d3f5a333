// SPDX-License-Identifier: Apache-2.0
#include "daemon/placement/cpu_words.hpp"

#include "wire/base/escape.hpp"
#include "wire/base/words.hpp"

#include <algorithm>

namespace vrun::daemon {
namespace {

using process::CpuSet, process::Machine;
using wire::Object;

enum class CpuWordsErrc { bad_list = 1, no_such };

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "list of cores"; }
    std::string message(int value) const override {
        return value == static_cast<int>(CpuWordsErrc::no_such)
                   ? "this machine has no such core or package"
                   : "not a list of cores, as in 0,2-4 or 1:0-1";
    }
};

Error error_of(CpuWordsErrc code, std::string_view words) {
    static const Category category;
    return {{static_cast<int>(code), category}, "'" + escaped(words) + "'"};
}

// The objects of `all` that "0,2-4" or "*" counts.
Result<CpuSet> counted(std::span<const CpuSet> all, std::string_view words) {
    CpuSet cpus;
    if (words == "*") {
        for (const CpuSet& one : all)
            cpus |= one;
        return cpus;
    }
    const auto numbers = CpuSet::of_text(words);
    if (!numbers || numbers->empty()) return error_of(CpuWordsErrc::bad_list, words);
    for (const unsigned number : numbers->cpus()) {
        if (number >= all.size()) return error_of(CpuWordsErrc::no_such, words);
        cpus |= all[number];
    }
    return cpus;
}

bool begins_with_letter(std::string_view words, char letter) {
    return !words.empty() && (words.front() | 0x20) == letter;
}

Result<CpuSet> part_of(const Machine& machine, std::string_view words, bool hwthreads) {
    const auto packages = machine.objects(Object::package);
    if (words == "*") return machine.cpus();
    const bool names_package = begins_with_letter(words, 's');
    if (names_package) words.remove_prefix(1);
    if (words.find(':') == words.npos)
        return counted(names_package ? packages : machine.units(hwthreads), words);
    std::string_view cores = words;
    const auto package = counted(packages, take_word(cores, ':'));
    if (!package) return package;
    if (begins_with_letter(cores, 'c')) cores.remove_prefix(1);
    std::vector<CpuSet> inside;
    std::ranges::copy_if(machine.units(/*hwthreads=*/false), std::back_inserter(inside),
                         [&](const CpuSet& core) { return package->includes(core); });
    return counted(inside, cores);
}

}  // namespace

Result<CpuSet> cpus_of_words(const Machine& machine, std::string_view words, bool hwthreads) {
    CpuSet cpus;
    const std::string_view all = words;
    do {
        const auto part = part_of(machine, take_word(words, ';'), hwthreads);
        if (!part) return part;
        cpus |= *part;
    } while (!words.empty());
    if (cpus.empty()) return error_of(CpuWordsErrc::no_such, all);
    return cpus;
}

}  // namespace vrun::daemon
