// SPDX-License-Identifier: Apache-2.0
// Why a word of a policy cannot be used.
#include "launcher/policy_words.hpp"

#include <string>

namespace vrun::launcher {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "policy"; }
    std::string message(int value) const override {
        switch (static_cast<PolicyErrc>(value)) {
        case PolicyErrc::unknown_mapping:
            return "not a mapping; use slot, node, package, numa, l1cache, l2cache, l3cache, core, "
                   "hwthread, ppr:N:OBJECT, seq, rankfile:FILE=PATH or PE-LIST=LIST";
        case PolicyErrc::unknown_ranking:
            return "not a ranking; use slot, node, fill, span, package, numa, l1cache, l2cache, "
                   "l3cache, core or hwthread";
        case PolicyErrc::unknown_binding:
            return "not a binding; use none, core, hwthread, package, numa, l1cache, l2cache, "
                   "l3cache, node or cpu-list";
        case PolicyErrc::unknown_object:
            return "not an object; use node, package, numa, l1cache, l2cache, l3cache, core or "
                   "hwthread";
        case PolicyErrc::unknown_modifier:
            return "no such modifier";
        case PolicyErrc::needs_value:
            return "a value must follow, as in PE=2";
        case PolicyErrc::bad_count:
            return "not a positive number";
        case PolicyErrc::bad_cpu_list:
            return "not a list of cores, as in 0,2,4-7";
        case PolicyErrc::bad_pattern:
            return "not of the form ppr:COUNT:OBJECT, as in ppr:2:package";
        case PolicyErrc::no_device:
            return "mapping by distance from a device is not supported; use numa or package";
        }
        return "unknown policy error";
    }
};

}  // namespace

std::error_code make_error_code(PolicyErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

}  // namespace vrun::launcher
