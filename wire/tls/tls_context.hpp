// SPDX-License-Identifier: Apache-2.0
// wire/tls/tls_context: what TlsContext hides; for the source files of this folder only.
// OpenSSL sees a pre-shared key as a session that was agreed on elsewhere, named by a hash of it.
// The keys stay at one address: OpenSSL's callbacks find them through the context.
#pragma once

#include "wire/base/handle.hpp"
#include "wire/tls/tls_stream.hpp"

#include <openssl/ssl.h>
#include <string>
#include <utility>

namespace vrun::wire {

struct TlsContext::State {
    std::vector<std::pair<std::string, ClusterKey>> keys;  // after the identity: hex of a hash
    Handle<SSL_CTX, SSL_CTX_free> context;
};

// The first error of OpenSSL's queue; never empty.
std::error_code tls_library_error() noexcept;

// Throws std::system_error of tls_library_error().
void check_ssl(bool good, const char* call);

}  // namespace vrun::wire
