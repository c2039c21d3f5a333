// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_input.hpp"

namespace vrun::launcher {

JobInput::JobInput(asio::any_io_executor loop, int fd, Events events)
    : events_{std::move(events)},
      reader_{loop,
              fd,
              {[this](wire::Bytes bytes) {
                   const wire::Input input{std::move(bytes)};
                   for (const wire::NodeIndex node : credits_.readers())
                       events_.on_input(node, input);
               },
               [this](std::error_code error) {
                   if (error) events_.on_read_failed(error);
                   for (const wire::NodeIndex node : credits_.readers())
                       events_.on_end(node);
               }}} {}

void JobInput::choose_readers(const wire::Streams& streams, const wire::JobAccepted& job) {
    std::vector<wire::NodeIndex> nodes;
    for (const wire::RankRun& run : job.runs) {
        const bool has_rank = streams.input_rank - run.first_rank < run.count;
        const bool is_chosen = streams.input_to == wire::InputTo::one && has_rank;
        if (is_chosen || streams.input_to == wire::InputTo::all) nodes.push_back(run.node);
    }
    credits_ = InputCredits{nodes};
}

void JobInput::add_credit(wire::NodeIndex node, std::uint32_t bytes) {
    reader_.add_credit(credits_.add(node, bytes));
}

void JobInput::leave_out(wire::NodeIndex node) {
    if (!credits_.has(node)) return;
    reader_.add_credit(credits_.leave_out(node));
    if (!credits_.has_readers()) reader_.stop();
}

}  // namespace vrun::launcher
