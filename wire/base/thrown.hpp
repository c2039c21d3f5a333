// SPDX-License-Identifier: Apache-2.0
// wire/base/thrown: the Error of a std::system_error that was caught.
// Its what() ends with the words of its code, and so does Error::message(): here they come once.
#pragma once

#include "wire/base/result.hpp"

#include <string>
#include <system_error>

namespace vrun {

inline Error error_of(const std::string& doing, const std::system_error& thrown) {
    std::string text = doing + ": " + thrown.what();
    const std::string tail = ": " + thrown.code().message();
    if (text.ends_with(tail)) text.resize(text.size() - tail.size());
    return {thrown.code(), text};
}

}  // namespace vrun
