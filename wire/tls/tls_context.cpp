// SPDX-License-Identifier: Apache-2.0
#include "wire/tls/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <algorithm>
#include <array>
#include <cassert>
#include <span>
#include <string_view>

namespace vrun::wire {
namespace {

using Session = Handle<SSL_SESSION, SSL_SESSION_free>;
using State = TlsContext::State;

constexpr auto suites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::array<unsigned char, 2> psk_suite{0x13, 0x01};  // of which only the hash matters
constexpr std::size_t identity_bytes = 16;

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "tls"; }
    std::string message(int value) const override {
        switch (static_cast<TlsErrc>(value)) {
        case TlsErrc::wrong_key:
            return "the peer has another cluster key; give both the same key file";
        case TlsErrc::not_vrun:
            return "the peer does not speak vrun's TLS 1.3; is the port a vrund's?";
        case TlsErrc::cut_off:
            return "the connection was cut off without a goodbye";
        }
        const char* reason = ::ERR_reason_error_string(static_cast<unsigned>(value));
        return std::string{"TLS failed: "} + (reason ? reason : "unknown error");
    }
};

// What OpenSSL says when no key is shared; the server learns it first, the client by an alert,
// or by the certificate of a server that never looked.
constexpr std::array wrong_key_reasons{
    SSL_R_NO_SHARED_CIPHER,          SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
    SSL_R_BINDER_DOES_NOT_VERIFY,    SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
    SSL_R_CERTIFICATE_VERIFY_FAILED, SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER};

constexpr std::array not_vrun_reasons{
    SSL_R_HTTP_REQUEST,         SSL_R_HTTPS_PROXY_REQUEST,          SSL_R_WRONG_VERSION_NUMBER,
    SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_WRONG_SSL_VERSION,
    SSL_R_BAD_RECORD_TYPE,      SSL_R_UNEXPECTED_MESSAGE,           SSL_R_PACKET_LENGTH_TOO_LONG};

std::string identity_of(const ClusterKey& key) {
    constexpr std::string_view label = "vrun cluster key ";
    const Handle<EVP_MD_CTX, EVP_MD_CTX_free> hash{::EVP_MD_CTX_new()};
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    check_ssl(hash && ::EVP_DigestInit_ex(hash.get(), ::EVP_sha256(), nullptr) &&
                  ::EVP_DigestUpdate(hash.get(), label.data(), label.size()) &&
                  ::EVP_DigestUpdate(hash.get(), key.bytes().data(), key.bytes().size()) &&
                  ::EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr),
              "name the cluster key");
    std::string hex;
    for (const unsigned char byte : std::span{digest}.first(identity_bytes))
        for (const int digit : {byte >> 4, byte & 15})
            hex += "0123456789abcdef"[digit];
    return hex;
}

const State& state_of(SSL* ssl) noexcept {
    return *static_cast<const State*>(SSL_CTX_get_app_data(::SSL_get_SSL_CTX(ssl)));
}

// The caller owns it; null when it failed.
SSL_SESSION* new_session(SSL* ssl, const ClusterKey& key) noexcept {
    Session session{::SSL_SESSION_new()};
    SSL_SESSION* raw = session.get();
    const bool good = raw &&
                      ::SSL_SESSION_set1_master_key(raw, key.bytes().data(), key.bytes().size()) &&
                      ::SSL_SESSION_set_cipher(raw, ::SSL_CIPHER_find(ssl, psk_suite.data())) &&
                      ::SSL_SESSION_set_protocol_version(raw, TLS1_3_VERSION);
    return good ? session.release() : nullptr;
}

int use_first_key(SSL* ssl, const EVP_MD*, const unsigned char** name, std::size_t* size,
                  SSL_SESSION** session) noexcept {
    const auto& [identity, key] = state_of(ssl).keys.front();
    *name = reinterpret_cast<const unsigned char*>(identity.data());
    *size = identity.size();
    *session = new_session(ssl, key);
    return *session != nullptr;
}

// Without a session OpenSSL goes on, and fails for want of a certificate.
int find_key(SSL* ssl, const unsigned char* name, std::size_t size,
             SSL_SESSION** session) noexcept {
    const std::string_view wanted{reinterpret_cast<const char*>(name), size};
    *session = nullptr;
    for (const auto& [identity, key] : state_of(ssl).keys)
        if (identity == wanted) *session = new_session(ssl, key);
    return 1;
}

}  // namespace

std::error_code make_error_code(TlsErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

std::error_code tls_library_error() noexcept {
    const unsigned long code = ::ERR_peek_error();
    const int reason = ERR_GET_REASON(code);
    if (code == 0) return std::make_error_code(std::errc::protocol_error);
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return TlsErrc::cut_off;
    if (std::ranges::count(wrong_key_reasons, reason) > 0) return TlsErrc::wrong_key;
    if (std::ranges::count(not_vrun_reasons, reason) > 0) return TlsErrc::not_vrun;
    return {static_cast<int>(code), make_error_code(TlsErrc{}).category()};
}

void check_ssl(bool good, const char* call) {
    if (!good) throw std::system_error{tls_library_error(), call};
}

TlsContext::TlsContext(const std::vector<ClusterKey>& keys) {
    assert(!keys.empty());
    const auto state = std::make_shared<State>();
    state->context.reset(::SSL_CTX_new(::TLS_method()));
    SSL_CTX* context = state->context.get();
    check_ssl(context, "SSL_CTX_new");
    for (const ClusterKey& key : keys)
        state->keys.emplace_back(identity_of(key), key);
    check_ssl(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION), "choose TLS 1.3");
    check_ssl(::SSL_CTX_set_ciphersuites(context, suites), "choose cipher suites");
    SSL_CTX_set_app_data(context, state.get());
    ::SSL_CTX_set_psk_use_session_callback(context, use_first_key);
    ::SSL_CTX_set_psk_find_session_callback(context, find_key);
    ::SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_clear_options(context, SSL_OP_ALLOW_NO_DHE_KEX | SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps 15 KB
    SSL_CTX_set_read_ahead(context, 1);                   // a record in one read(), not two
    state_ = state;
}

}  // namespace vrun::wire
