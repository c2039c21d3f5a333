// SPDX-License-Identifier: Apache-2.0
#include "wire/tls/cluster_key.hpp"

#include "wire/base/escape.hpp"
#include "wire/base/fd.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <algorithm>
#include <charconv>
#include <optional>

namespace vrun::wire {
namespace {

constexpr std::size_t key_line_size_max = 1024;
constexpr std::string_view blanks = " \t\r";

const char* text_of(KeyErrc value) noexcept {
    switch (value) {
    case KeyErrc::bad_line:
        return "not 64 hex digits; 'vrunctl keygen' prints a good line";
    case KeyErrc::no_key:
        return "no key in it; 'vrunctl keygen' prints one";
    case KeyErrc::too_long:
        return "too long for a key file (64 KiB)";
    case KeyErrc::not_a_file:
        return "not a regular file";
    case KeyErrc::not_roots:
        return "a daemon of root takes only a key that root owns: chown root it";
    case KeyErrc::not_ours:
        return "it belongs to another user, who could change it: chown it";
    case KeyErrc::open_to_others:
        return "others can read or change it: chmod 0400 it; of a Swarm secret, set 'mode: 0400' "
               "in the stack";
    case KeyErrc::group_not_ours:
        return "a group that we are not in can read it: chmod 0400 it, or chgrp it to a group of "
               "ours";
    }
    return "unknown error";
}

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "key"; }
    std::string message(int value) const override { return text_of(static_cast<KeyErrc>(value)); }
};

// Forgets what it holds when it dies.
struct SecretText {
    std::string text;
    explicit SecretText(std::size_t size) : text(size, '\0') {}
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    ~SecretText() { ::OPENSSL_cleanse(text.data(), text.size()); }
};

std::string_view trimmed(std::string_view line) {
    line = line.substr(0, line.find('#'));
    const std::size_t begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(blanks) - begin + 1);
}

std::optional<ClusterKey> parse_key(std::string_view digits) {
    ClusterKey::Bytes bytes{};
    if (digits.size() != 2 * bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char* begin = digits.data() + 2 * i;
        if (std::from_chars(begin, begin + 2, bytes[i], 16).ptr != begin + 2) return std::nullopt;
    }
    const ClusterKey key{bytes};
    ::OPENSSL_cleanse(bytes.data(), bytes.size());
    return key;
}

std::string described(const std::string& path, const struct stat& status) {
    std::string mode = "0000";
    for (std::size_t i = 0; i < 4; ++i)
        mode[3 - i] = static_cast<char>('0' + ((status.st_mode >> (3 * i)) & 7));
    return "read the cluster key " + escaped(path) + " (mode " + mode + ", owner " +
           std::to_string(status.st_uid) + ", group " + std::to_string(status.st_gid) + ")";
}

std::vector<gid_t> own_groups() {
    std::vector<gid_t> groups(
        static_cast<std::size_t>(check(::getgroups(0, nullptr), "getgroups")));
    groups.resize(static_cast<std::size_t>(
        check(::getgroups(static_cast<int>(groups.size()), groups.data()), "getgroups")));
    groups.push_back(::getegid());
    return groups;
}

Result<std::vector<ClusterKey>> read_keys(int fd, std::size_t size, const std::string& doing) {
    SecretText content{size};
    std::size_t filled = 0;
    while (filled < size) {
        const ssize_t got = ::read(fd, content.text.data() + filled, size - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error{{errno, std::system_category()}, doing};
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    auto keys = parse_keys(std::string_view{content.text}.substr(0, filled));
    if (!keys) return Error{keys.error().code, doing + ", " + keys.error().doing};
    return keys;
}

}  // namespace

ClusterKey::~ClusterKey() {
    ::OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

std::error_code make_error_code(KeyErrc value) noexcept {
    static const Category category;
    return {static_cast<int>(value), category};
}

Result<std::vector<ClusterKey>> parse_keys(std::string_view text) {
    std::vector<ClusterKey> keys;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty()) continue;
        const std::optional<ClusterKey> key = parse_key(line);
        if (!key) return Error{KeyErrc::bad_line, "line " + std::to_string(number)};
        keys.push_back(*key);
    }
    if (keys.empty()) return Error{KeyErrc::no_key, "cluster key"};
    return keys;
}

std::error_code check_key_permissions(KeyFileOwner file, KeyReader reader) noexcept {
    const bool private_to_owner = (file.mode & 0077) == 0;
    if (reader.uid == 0) {
        if (file.uid != 0) return KeyErrc::not_roots;
        return private_to_owner ? std::error_code{} : KeyErrc::open_to_others;
    }
    if (file.uid != reader.uid && file.uid != 0) return KeyErrc::not_ours;
    if (private_to_owner) return {};
    if ((file.mode & 0037) != 0) return KeyErrc::open_to_others;
    return std::ranges::count(reader.groups, file.gid) > 0 ? std::error_code{}
                                                           : KeyErrc::group_not_ours;
}

// Links are followed, for Kubernetes mounts secrets as links: all that counts is the file opened.
// O_NONBLOCK, or a FIFO would wait for a writer.
Result<std::vector<ClusterKey>> read_key_file(const std::string& path) {
    const std::string opening = "read the cluster key " + escaped(path);
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    if (!fd.is_open()) return Error{{errno, std::system_category()}, opening};
    struct stat status {};
    if (::fstat(fd.get(), &status) < 0) return Error{{errno, std::system_category()}, opening};
    const std::string doing = described(path, status);
    if (!S_ISREG(status.st_mode)) return Error{KeyErrc::not_a_file, doing};
    const std::vector<gid_t> groups = own_groups();
    const std::error_code refused = check_key_permissions(
        {status.st_uid, status.st_gid, status.st_mode & 07777u}, {::geteuid(), groups});
    if (refused) return Error{refused, doing};
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > key_file_size_max) return Error{KeyErrc::too_long, doing};
    return read_keys(fd.get(), size, doing);
}

Result<std::vector<ClusterKey>> read_key_line(int fd) {
    SecretText line{key_line_size_max};
    std::size_t size = 0;
    while (size < key_line_size_max) {
        const ssize_t got = ::read(fd, line.text.data() + size, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error{{errno, std::system_category()}, "read the cluster key"};
        if (got == 0 || line.text[size] == '\n') break;
        ++size;
    }
    return parse_keys(std::string_view{line.text}.substr(0, size));
}

std::string new_key_line() {
    ClusterKey::Bytes bytes{};
    if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::system_error{std::make_error_code(std::errc::io_error), "make a random key"};
    std::string line;
    line.reserve(2 * bytes.size());
    for (const unsigned char byte : bytes)
        for (const int digit : {byte >> 4, byte & 15})
            line += "0123456789abcdef"[digit];
    ::OPENSSL_cleanse(bytes.data(), bytes.size());
    return line;
}

}  // namespace vrun::wire
