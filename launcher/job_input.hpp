// SPDX-License-Identifier: Apache-2.0
// launcher/job_input: vrun's standard input on its way to the ranks that read it.
// Joins the reader and the credits of the nodes; every node with a reading rank gets all of it, as
// fast as the slowest takes it, and one that reads no more is left out.
#pragma once

#include "launcher/input_credits.hpp"
#include "launcher/input_reader.hpp"
#include "wire/messages/answer.hpp"
#include "wire/messages/io.hpp"
#include "wire/messages/submit.hpp"

namespace vrun::launcher {

class JobInput {
public:
    struct Events {
        std::function<void(wire::NodeIndex, const wire::Input&)> on_input;
        std::function<void(wire::NodeIndex)> on_end;          // of the input, for each reader
        std::function<void(std::error_code)> on_read_failed;  // before on_end
    };

    JobInput(asio::any_io_executor loop, int fd, Events events);

    void choose_readers(const wire::Streams& streams, const wire::JobAccepted& job);
    bool has_readers() const { return credits_.has_readers(); }
    asio::awaitable<void> run() { return reader_.run(); }  // after choose_readers()

    void add_credit(wire::NodeIndex node, std::uint32_t bytes);
    void leave_out(wire::NodeIndex node);
    void look_again() { reader_.look_again(); }
    void stop() { reader_.stop(); }

private:
    Events events_;
    InputCredits credits_{{}};
    InputReader reader_;
};

}  // namespace vrun::launcher
