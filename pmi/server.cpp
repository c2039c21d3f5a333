// SPDX-License-Identifier: Apache-2.0
// What both dialects share.
#include "pmi/server.hpp"

#include "pmi/process_mapping.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"

#include <algorithm>
#include <charconv>

namespace vrun::pmi {
namespace {

// All contributions to a fence together have a limit; this is the share of `ranks` of them.
std::size_t share_of_fence(const wire::LaunchJob& launch, std::size_t ranks) {
    constexpr std::uint64_t head = 1024;  // what the message has besides the blobs
    const wire::Scale scale = wire::scale_of(launch);
    const auto all = wire::body_size_max(wire::MessageType::fence_contribution, scale);
    return (all - head) / scale.ranks * ranks;
}

constexpr std::size_t fences_kept = 16;  // full ones, until the store is full

}  // namespace

ServerSetup server_setup(const wire::LaunchJob& launch, NodeIndex node) {
    ServerSetup setup;
    setup.kvs_name = "kvs_" + wire::id_text(launch.job);
    setup.size = wire::rank_count(launch.runs);
    if (const auto size = wire::universe_size(launch)) setup.universe_size = std::to_string(*size);
    setup.process_mapping = process_mapping(launch.runs);
    for (const wire::RankRun& run : launch.runs)
        for (std::uint32_t i = 0; run.node == node && i < run.count; ++i)
            setup.apps.emplace(run.first_rank + i, run.app);
    setup.room = {.changes = share_of_fence(launch, setup.apps.size()),
                  .all = fences_kept * share_of_fence(launch, setup.size)};
    return setup;
}

Server::Server(ServerSetup setup)
    : setup_{std::move(setup)}, store_{setup_.room}, node_attributes_{setup_.room} {
    for (const auto& [rank, app] : setup_.apps)
        clients_.emplace(rank, Client{.rank = rank});
}

Actions Server::receive(Rank rank, std::string_view bytes) {
    Client& client = clients_.at(rank);
    if (!client.is_over) client.framer.push(bytes);
    while (!client.is_over) {
        const auto message = client.framer.take();
        if (client.framer.is_broken()) hang_up(client, "sent what is not PMI, or too much of it");
        if (!message) break;
        hear(client, *message);
    }
    return std::exchange(actions_, {});
}

void Server::hear(Client& client, const std::string& message) {
    const bool is_pmi1 = client.framer.dialect() == Dialect::pmi1;
    if (is_pmi1 && hear_spawn(client, message)) return;
    const std::optional<Command> command = parse(client.framer.dialect(), message);
    if (!command) return hang_up(client, "sent a message that is no PMI command");
    const std::span<const Verb> verbs = is_pmi1 ? pmi1_verbs() : pmi2_verbs();
    const auto verb = std::ranges::find(verbs, command->name, &Verb::name);
    (this->*(verb == verbs.end() ? &Server::refuse : verb->serve))(client, *command);
}

void Server::hang_up(Client& client, std::string reason) {
    client.is_over = true;
    client.waiting.clear();
    actions_.emplace_back(HangUp{client.rank, std::move(reason)});
}

void Server::answer(Client& client, std::string_view name, Fields fields) {
    const std::span all{fields.begin(), fields.size()};
    actions_.emplace_back(Answer{client.rank, encode(client.framer.dialect(), name, all)});
}

void Server::enter_barrier(Client& client, std::string_view thread) {
    client.at_barrier = thread;
    if (++at_barrier_ == clients_.size()) actions_.emplace_back(Barrier{store_.changes()});
}

// A failed barrier fails the job, too: whoever is told so need not be told why.
Actions Server::barrier_done(bool succeeded, std::span<const std::byte> changes) {
    if (succeeded) store_.merge(changes);
    at_barrier_ = 0;
    for (auto& [rank, client] : clients_) {
        const auto thread = std::exchange(client.at_barrier, std::nullopt);
        if (!thread || client.is_over) continue;
        if (client.framer.dialect() == Dialect::pmi1) {
            if (succeeded)
                answer(client, "barrier_out", {});
            else
                answer(client, "barrier_out", {{"rc", "-1"}, {"msg", "the_job_has_failed"}});
            continue;
        }
        const Command question{"kvs-fence", {{"thrid", *thread}}};
        if (succeeded)
            respond(client, question, {{"rc", "0"}});
        else
            respond(client, question, {{"rc", "-1"}, {"errmsg", "the job has failed"}});
    }
    return std::exchange(actions_, {});
}

// The text that may come with it is on the rank's standard error already, and may have lines.
void Server::abort(Client& client, const Command& command) {
    const std::string_view text = command["exitcode"];
    int code = 1;
    std::from_chars(text.data(), text.data() + text.size(), code);
    client.is_over = true;
    actions_.emplace_back(Abort{client.rank, code});
}

std::optional<std::string> Server::find(std::string_view key) const {
    if (key == "PMI_process_mapping" && !setup_.process_mapping.empty())
        return setup_.process_mapping;
    if (key == "universeSize") return setup_.universe_size;
    const auto value = store_.get(key);
    if (!value) return std::nullopt;
    return std::string{*value};
}

}  // namespace vrun::pmi
