// SPDX-License-Identifier: Apache-2.0
// What a Job makes ready before its ranks start, and does about the files that come with it.
#include "daemon/shepherd/job.hpp"
#include "daemon/shepherd/remedies.hpp"
#include "process/user_facts.hpp"
#include "wire/job_id.hpp"

#include <unistd.h>

namespace vrun::shepherd {

using wire::body_of;
using wire::MessageType;
using wire::NodeIndex;

// What ranks find: the job's directories, the servers that wire them up, its files.
asio::awaitable<std::optional<wire::StartFailed>> Job::prepare() {
    directories_ = make_job_directories(around_.guarded.directories, wire::id_text(id()));
    mend_traps();
    const pmix::JobSetup setup{start_.launch, start_.node, directories_.session, ::getuid(),
                               ::getgid()};
    co_await around_.server.open_job(setup);
    wireup_.open();
    co_return co_await bring_files();
}

// What is free changes from job to job.
void Job::mend_traps() {
    wire::UserFacts facts = around_.facts;
    if (facts.has_shm) facts.shm_free = process::free_bytes(directories_.shm);
    facts.tmp_free = process::free_bytes(directories_.session);
    Remedies remedies = remedies_for(facts, {local_.size(), directories_.session});
    for (wire::NodeNotice& notice : remedies.notices)
        notify(std::move(notice));
    starter_.use(std::move(remedies.defaults));
}

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
