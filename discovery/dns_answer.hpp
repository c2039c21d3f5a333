// SPDX-License-Identifier: Apache-2.0
// discovery/dns_answer: what an answer of DNS says. The parsers are c-ares'; pure.
// An answer without the records that were asked for is an error, and so is one that may be cut.
#pragma once

#include "discovery/resolver.hpp"

namespace vrun::discovery {

// Of c-ares' status, as one of ours; none for success.
std::error_code dns_error_of(int status) noexcept;

// `name_size` is that of the name that was asked for.
Resolver::Answer dns_answer_of(const unsigned char* data, int size, Record record,
                               std::size_t name_size);

// Whether the answer says that it was cut: one that not even TCP had room for.
bool is_truncated(const unsigned char* data, int size) noexcept;

// True if an answer of this size may have been cut at DNS' limit of 65,535 bytes: servers exist
// that do so without saying, and without compressing names. New c-ares (1.28 on) tells only the
// size of its own compressed copy, so the size of the answer with its names in full counts as well.
// The price: a compressed answer that would just reach the limit in full is refused though it is
// whole.
bool may_be_cut(std::size_t size, std::size_t size_in_full) noexcept;

}  // namespace vrun::discovery
