// SPDX-License-Identifier: Apache-2.0
#include "files/digest.hpp"

#include <gtest/gtest.h>
#include <cstdio>
#include <string>

namespace vrun::files {
namespace {

std::string hex(const wire::Bytes& bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", std::to_integer<unsigned>(byte));
        text += digits;
    }
    return text;
}

TEST(Digest, IsSha256) {
    Digest digest;
    EXPECT_EQ(hex(digest.finish()),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest.add(wire::bytes_of("a"));
    digest.add(wire::bytes_of("bc"));
    EXPECT_EQ(hex(digest.finish()),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(digest.finish(), Digest{}.finish()) << "it begins anew";
}

TEST(Digest, ReadsAFileToItsEnd) {
    std::FILE* const file = std::tmpfile();
    const std::string text(700'000, 'x');
    std::fputs(text.c_str(), file);
    std::fflush(file);
    Digest digest;
    digest.add(wire::bytes_of(text));
    UniqueFd copy{::dup(::fileno(file))};
    ::lseek(copy.get(), 0, SEEK_SET);
    const auto found = digest_of(copy);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, digest.finish());
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(digest_of(copy, stop.get_token()).error().code, std::errc::operation_canceled);
    std::fclose(file);
    EXPECT_FALSE(digest_of(UniqueFd{})) << "a file that is not open";
}

}  // namespace
}  // namespace vrun::files
