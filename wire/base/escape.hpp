// SPDX-License-Identifier: Apache-2.0
// wire/base/escape: other people's words in our own messages.
// Node names, arguments, DNS answers and ranks' texts may hold terminal sequences or line breaks;
// whoever puts them into a message passes them through here. Rank output is never altered.
#pragma once

#include <string>
#include <string_view>

namespace vrun {

// Control bytes, DEL and bytes that are not UTF-8 become \n, \t, \r or \xNN; a backslash stays.
std::string escaped(std::string_view text);

}  // namespace vrun
