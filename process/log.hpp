// SPDX-License-Identifier: Apache-2.0
// process/log: one line per fact on standard error: time, level, component, message, key=value.
// Never blocks: a line goes only where there is room for it, what is dropped is counted and said
// later. A line has at most PIPE_BUF bytes, so lines of several processes do not mix.
#pragma once

#include <unistd.h>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace spdlog {
class logger;
}

namespace vrun::process {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// "debug", "info", "warning", "error".
std::optional<LogLevel> log_level_of(std::string_view word) noexcept;

struct Field {  // key=value; the value is escaped, and quoted where it has blanks
    Field(std::string_view name, std::string_view text) : key{name}, value{text} {}
    template <class Number>
        requires std::is_arithmetic_v<Number>
    Field(std::string_view name, Number number) : key{name}, value{std::to_string(number)} {}

    std::string_view key;
    std::string value;
};

class Log {
public:
    using Fields = std::initializer_list<Field>;

    // `component` says who speaks: "vrund", "shepherd". The descriptor stays the caller's.
    Log(std::string component, LogLevel level, int fd = STDERR_FILENO);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    // error: a job or the daemon fails; warning: we continue, saying how; info: job and connection
    // life cycle only; debug: free. The message is escaped here.
    void error(std::string_view message, Fields fields = {}) {
        write(LogLevel::error, message, fields);
    }
    void warning(std::string_view message, Fields fields = {}) {
        write(LogLevel::warning, message, fields);
    }
    void info(std::string_view message, Fields fields = {}) {
        write(LogLevel::info, message, fields);
    }
    void debug(std::string_view message, Fields fields = {}) {
        write(LogLevel::debug, message, fields);
    }

private:
    void write(LogLevel level, std::string_view message, Fields fields);

    std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace vrun::process
