// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/rank_io.hpp"

#include "wire/base/result.hpp"

#include <fcntl.h>
#include <algorithm>
#include <optional>
#include <utility>

namespace vrun::shepherd {

using wire::StreamId;

RankIo::RankIo(asio::any_io_executor loop, std::uint32_t window, wire::Streams streams, Mail& mail)
    : loop_{loop},
      mail_{mail},
      out_{loop, StreamId::out, [this](wire::Output output) { mail_.to_vrun(output); }},
      err_{loop, StreamId::err, [this](wire::Output output) { mail_.to_vrun(output); }},
      streams_{streams} {
    out_.grant(window);
    err_.grant(window);
}

std::array<UniqueFd, 3> RankIo::connect(wire::Rank rank) {
    process::Pipe out = process::make_pipe();
    enlarge(out.reader);
    std::array<UniqueFd, 3> descriptors;
    descriptors[0] = streams_.is_reader(rank) ? connect_input() : process::open_null();
    if (streams_.merge_stderr) {
        descriptors[2] = UniqueFd{check(::fcntl(out.writer.get(), F_DUPFD_CLOEXEC, 3), "dup")};
    } else {
        process::Pipe err = process::make_pipe();
        descriptors[2] = std::move(err.writer);
        err_.add(rank, std::move(err.reader));
    }
    descriptors[1] = std::move(out.writer);
    out_.add(rank, std::move(out.reader));
    return descriptors;
}

void RankIo::enlarge(const UniqueFd& pipe) {
    if (large_pipes_ == large_pipes_max) return;
    ++large_pipes_;
    process::enlarge(pipe, large_pipe_size);
}

UniqueFd RankIo::connect_input() {
    process::Pipe pipe = process::make_pipe();
    enlarge(pipe.writer);
    Reader& reader = readers_.emplace_back();
    RankInput::Events events;
    events.on_written = [this, &reader](std::uint32_t bytes) { on_read(reader, bytes); };
    events.on_closed = [this] { give_credit(); };
    reader.input = std::make_unique<RankInput>(loop_, std::move(pipe.writer), std::move(events));
    return std::move(pipe.reader);
}

void RankIo::open_input() {
    if (readers_.empty()) return;
    is_input_open_ = true;
    mail_.to_vrun(wire::Credit{StreamId::in, input_window});
    give_credit();
}

void RankIo::on_read(Reader& reader, std::uint32_t bytes) {
    reader.read += bytes;
    give_credit();
}

// What all have read that still read; a rank that left keeps nobody waiting.
void RankIo::give_credit() {
    if (!is_input_open_) return;
    std::optional<std::uint64_t> least;
    for (const Reader& reader : readers_)
        if (reader.input->is_open()) least = std::min(least.value_or(reader.read), reader.read);
    if (!least) return mail_.to_vrun(wire::InputClosed{});
    if (*least <= input_given_) return;
    mail_.to_vrun(wire::Credit{StreamId::in, static_cast<std::uint32_t>(*least - input_given_)});
    input_given_ = *least;
}

void RankIo::on_credit(const wire::Credit& credit) {
    if (credit.stream != StreamId::in) output(credit.stream).grant(credit.bytes);
}

void RankIo::on_input(wire::Input input) {
    for (Reader& reader : readers_)
        reader.input->push(input.bytes);
}

void RankIo::on_input_end() {
    for (Reader& reader : readers_)
        reader.input->end();
}

// Through a pipe of its own, so that these texts wait for credit as all output does.
void RankIo::log(wire::Rank rank, std::string_view text, StreamId stream) {
    if (given_up_ || text.empty()) return;
    std::unique_ptr<RankInput>& log = logs_[{rank, stream}];
    if (!log) {
        process::Pipe pipe = process::make_pipe();
        log = std::make_unique<RankInput>(loop_, std::move(pipe.writer), RankInput::Events{});
        output(stream).add(rank, std::move(pipe.reader));
    }
    if (log->waiting_bytes() + text.size() <= log_waiting_max) log->push(wire::bytes_of(text));
}

void RankIo::give_up() {
    given_up_ = true;
    out_.give_up();
    err_.give_up();
}

asio::awaitable<void> RankIo::drained() {
    for (const auto& [key, log] : logs_)
        log->end();
    co_await out_.drained();
    co_await err_.drained();
    const wire::OutputEnd end{out_.sent_bytes(), err_.sent_bytes()};
    if (!std::exchange(is_end_sent_, true)) mail_.to_vrun(end);
}

}  // namespace vrun::shepherd
