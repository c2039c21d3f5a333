// SPDX-License-Identifier: Apache-2.0
// daemon/shepherd/preload: the caller's files on this node and those below it (docs/preload.md).
// Looks what is there, says up the tree what is lacking, passes on and writes what then comes. At
// most file_window bytes wait here and on the way to each child; the disk has a thread of its own,
// for it may be slow, and beats are not.
#pragma once

#include "daemon/shepherd/file_flow.hpp"
#include "daemon/shepherd/mail.hpp"
#include "files/arrival.hpp"
#include "wire/base/task_group.hpp"
#include "wire/messages/launch.hpp"

#include <asio/thread_pool.hpp>
#include <deque>

namespace vrun::shepherd {

class Preload {
public:
    struct Ground {  // of the ranks of one app here
        std::string workdir;
        std::string program;  // which its name means here; empty: none
    };
    // Empty: its ranks cannot start here, which they will say themselves.
    using GroundOf = std::function<std::optional<Ground>(std::uint32_t app)>;

    // Both references outlive this object.
    Preload(asio::any_io_executor loop, const wire::LaunchJob& launch, Mail& mail);

    // Completes when all that this node's ranks need is in its place, or with why that cannot be;
    // early after stop(). Once.
    asio::awaitable<std::optional<Error>> run(std::string session, GroundOf ground_of);

    // What to execute instead of what the app's name means here; after run().
    std::optional<std::string> program_of(std::uint32_t app) const;

    // From other nodes and vrun. Throw std::system_error if no honest one says that.
    void on_wanted(wire::NodeIndex from, const wire::FilesWanted& wanted);
    void on_data(wire::NodeIndex from, wire::FileData data);
    void on_credit(wire::NodeIndex from, const wire::FileCredit& credit);
    void lose(wire::NodeIndex child);

    void stop();  // nobody needs the files any more
    asio::awaitable<void> finish();

private:
    std::vector<files::Arrival::Goal> goals_of(const wire::PreloadFile& file,
                                               const GroundOf& ground_of) const;
    std::vector<files::Arrival::Goal> program_goals(std::size_t index, const std::string& session,
                                                    const GroundOf& ground_of) const;
    std::optional<Error> look();
    void tell_wanted();
    asio::awaitable<void> spread();
    void pass_on(const wire::FileData& data);
    asio::awaitable<void> take(wire::FileData data);
    asio::awaitable<void> news();
    asio::awaitable<std::optional<Error>> on_thread(std::function<std::optional<Error>()> work);

    const wire::LaunchJob& launch_;
    Mail& mail_;
    FileFlow flow_;
    std::vector<files::Arrival> arrivals_;     // by file, after run() began
    std::vector<std::uint64_t> left_to_come_;  // by file, of those that were asked for
    std::size_t lacking_ = 0;                  // here
    std::deque<wire::FileData> queue_;
    std::size_t queued_ = 0;  // bytes
    std::optional<Error> failure_;
    bool is_stopping_ = false;
    std::stop_source stop_;
    asio::steady_timer news_;  // never expires; cancelled when something changed
    std::optional<asio::thread_pool> disk_;
    TaskGroup tasks_;
};

}  // namespace vrun::shepherd
