// SPDX-License-Identifier: Apache-2.0
// What a Job does about the files that come with it.
#include "daemon/shepherd/job.hpp"

namespace vrun::shepherd {

using wire::body_of;
using wire::MessageType;
using wire::NodeIndex;

asio::awaitable<std::optional<wire::StartFailed>> Job::bring_files() {
    Preload::GroundOf ground_of = [this](std::uint32_t app) -> std::optional<Preload::Ground> {
        for (std::size_t i = 0; i < local_.size(); ++i)
            if (const RankPlace place = place_of(i); place.app == app)
                return starter_.ground(place, directories_);
        return std::nullopt;
    };
    auto bringing = preload_.run(directories_.session, std::move(ground_of));
    const std::optional<Error> error = co_await std::move(bringing);
    if (!error) co_return std::nullopt;
    co_return starter_.failure(*error, wire::exit_code::not_preloaded);
}

bool Job::hear_files(const wire::Message& message) {
    const NodeIndex from = message.route.from;
    switch (message.type) {
    case MessageType::files_wanted:
        preload_.on_wanted(from, body_of<wire::FilesWanted>(message));
        return true;
    case MessageType::file_data:
        preload_.on_data(from, body_of<wire::FileData>(message));
        return true;
    case MessageType::file_credit:
        preload_.on_credit(from, body_of<wire::FileCredit>(message));
        return true;
    default:
        return false;
    }
}

}  // namespace vrun::shepherd
