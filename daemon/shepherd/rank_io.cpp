// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/rank_io.hpp"

namespace vrun::shepherd {

using wire::StreamId;

RankIo::RankIo(asio::any_io_executor loop, std::uint32_t window, Mail& mail)
    : loop_{loop},
      mail_{mail},
      out_{loop, StreamId::out, [this](wire::Output output) { mail_.to_vrun(output); }},
      err_{loop, StreamId::err, [this](wire::Output output) { mail_.to_vrun(output); }} {
    out_.grant(window);
    err_.grant(window);
}

std::array<UniqueFd, 3> RankIo::connect(wire::Rank rank) {
    process::Pipe out = process::make_pipe();
    process::Pipe err = process::make_pipe();
    std::array<UniqueFd, 3> descriptors;
    descriptors[0] = rank == 0 ? connect_input() : process::open_null();
    descriptors[1] = std::move(out.writer);
    descriptors[2] = std::move(err.writer);
    out_.add(rank, std::move(out.reader));
    err_.add(rank, std::move(err.reader));
    return descriptors;
}

UniqueFd RankIo::connect_input() {
    process::Pipe pipe = process::make_pipe();
    RankInput::Events events;
    events.on_written = [this](std::uint32_t bytes) {
        mail_.to_vrun(wire::Credit{StreamId::in, bytes});
    };
    events.on_closed = [this] { mail_.to_vrun(wire::InputClosed{}); };
    input_ = std::make_unique<RankInput>(loop_, std::move(pipe.writer), std::move(events));
    mail_.to_vrun(wire::Credit{StreamId::in, input_window});
    return std::move(pipe.reader);
}

void RankIo::on_credit(const wire::Credit& credit) {
    if (credit.stream != StreamId::in) output(credit.stream).grant(credit.bytes);
}

void RankIo::on_input(wire::Input input) {
    if (input_) input_->push(std::move(input.bytes));
}

void RankIo::on_input_end() {
    if (input_) input_->end();
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
    mail_.to_vrun(end);
}

}  // namespace vrun::shepherd
