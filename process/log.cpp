// SPDX-License-Identifier: Apache-2.0
#include "process/log.hpp"

#include "wire/base/escape.hpp"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>
#include <array>
#include <climits>

namespace vrun::process {
namespace {

constexpr std::array words{"debug", "info", "warning", "error"};
constexpr std::array levels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                            spdlog::level::err};
constexpr std::string_view cut = "...\n";

class NeverBlockingSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit NeverBlockingSink(int fd) : fd_{fd} {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        if (dropped_ > 0 && has_room()) say_dropped(message);
        if (dropped_ > 0 || !has_room() || !write_line(message)) ++dropped_;
    }
    void flush_() override {}

    // A pipe that is ready takes PIPE_BUF bytes at once, a terminal or a file a line.
    bool has_room() const noexcept {
        pollfd ready{fd_, POLLOUT, 0};
        return ::poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT;  // not where nobody reads
    }

    bool write_line(const spdlog::details::log_msg& message) {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        if (line.size() > PIPE_BUF) {
            line.resize(PIPE_BUF - cut.size());
            line.append(cut.data(), cut.data() + cut.size());
        }
        return ::write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    }

    void say_dropped(const spdlog::details::log_msg& cause) {
        const std::string text = "log lines were dropped count=" + std::to_string(dropped_);
        const spdlog::details::log_msg message{cause.logger_name, spdlog::level::warn, text};
        if (write_line(message)) dropped_ = 0;
    }

    int fd_;
    std::uint64_t dropped_ = 0;
};

std::string shown_value(std::string_view value) {
    std::string text = escaped(value);
    if (!text.empty() && text.find_first_of(" \"=") == std::string::npos) return text;
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2)
        text.insert(at, 1, '\\');
    return '"' + text + '"';
}

}  // namespace

std::optional<LogLevel> log_level_of(std::string_view word) noexcept {
    for (std::size_t i = 0; i < words.size(); ++i)
        if (word == words.at(i)) return static_cast<LogLevel>(i);
    return std::nullopt;
}

Log::Log(std::string component, LogLevel level, int fd)
    : logger_{std::make_unique<spdlog::logger>(std::move(component),
                                               std::make_shared<NeverBlockingSink>(fd))} {
    logger_->set_level(levels.at(static_cast<std::size_t>(level)));
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %n %v");
}

Log::~Log() = default;

void Log::write(LogLevel level, std::string_view message, Fields fields) {
    const auto spdlog_level = levels.at(static_cast<std::size_t>(level));
    if (!logger_->should_log(spdlog_level)) return;
    std::string line = escaped(message);
    for (const Field& field : fields)
        line.append(1, ' ').append(field.key).append(1, '=').append(shown_value(field.value));
    logger_->log(spdlog_level, spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace vrun::process
