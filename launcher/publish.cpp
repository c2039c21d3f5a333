// SPDX-License-Identifier: Apache-2.0
#include "launcher/publish.hpp"

#include "wire/base/escape.hpp"
#include "wire/base/fd.hpp"
#include "wire/base/write_all.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>

namespace vrun::launcher {

std::optional<Error> publish(OutputWriter& output, const std::string& where,
                             const std::string& line) {
    if (where != to_standard_output && where != to_standard_error) return write_line(where, line);
    const bool is_out = where == to_standard_output;
    output.print(is_out ? wire::StreamId::out : wire::StreamId::err, line);
    return std::nullopt;
}

std::optional<Error> write_line(const std::string& path, const std::string& line) {
    const auto failed = [&](std::error_code error) {
        return Error{error, "write '" + escaped(path) + "'"};
    };
    const UniqueFd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (!fd.is_open()) return failed({errno, std::system_category()});
    const std::string text = line + "\n";
    const auto error = write_all(fd.get(), std::as_bytes(std::span{text}));
    return error ? std::optional{failed(error)} : std::nullopt;
}

}  // namespace vrun::launcher
