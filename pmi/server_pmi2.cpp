// SPDX-License-Identifier: Apache-2.0
// The verbs of PMI-2. Each is answered as NAME-response, to the thread that asked.
#include "pmi/server.hpp"

#include <array>

namespace vrun::pmi {
namespace {

constexpr std::size_t waiting_max = 64;  // questions of one rank that wait at a time

}  // namespace

std::span<const Server::Verb> Server::pmi2_verbs() {
    static constexpr std::array verbs{Verb{"fullinit", &Server::full_init},
                                      Verb{"job-getid", &Server::job_id},
                                      Verb{"info-getjobattr", &Server::job_attribute},
                                      Verb{"info-putnodeattr", &Server::put_node_attribute},
                                      Verb{"info-getnodeattr", &Server::get_node_attribute},
                                      Verb{"kvs-put", &Server::kvs_put},
                                      Verb{"kvs-get", &Server::kvs_get},
                                      Verb{"kvs-fence", &Server::kvs_fence},
                                      Verb{"abort", &Server::abort},
                                      Verb{"finalize", &Server::finalize2}};
    return verbs;
}

void Server::respond(Client& client, const Command& command, Fields fields) {
    std::vector<Field> all{fields};
    if (const auto thread = command["thrid"]; !thread.empty())
        all.insert(all.begin(), {"thrid", thread});
    actions_.emplace_back(
        Answer{client.rank, encode(Dialect::pmi2, std::string{command.name} + "-response", all)});
}

void Server::respond_found(Client& client, const Command& command,
                           const std::optional<std::string>& value) {
    if (value)
        respond(client, command, {{"found", "TRUE"}, {"value", *value}, {"rc", "0"}});
    else
        respond(client, command, {{"found", "FALSE"}, {"rc", "0"}});
}

void Server::full_init(Client& client, const Command& command) {
    respond(client, command,
            {{"pmi-version", "2"},
             {"pmi-subversion", "0"},
             {"rank", std::to_string(client.rank)},
             {"size", std::to_string(setup_.size)},
             {"appnum", std::to_string(setup_.apps.at(client.rank))},
             {"debugged", "FALSE"},
             {"pmiverbose", "FALSE"},
             {"rc", "0"}});
}

void Server::job_id(Client& client, const Command& command) {
    respond(client, command, {{"jobid", setup_.kvs_name}, {"rc", "0"}});
}

void Server::job_attribute(Client& client, const Command& command) {
    respond_found(client, command, find(command["key"]));
}

void Server::put_node_attribute(Client& client, const Command& command) {
    const std::string_view key = command["key"], value = command["value"];
    if (key.empty() || !node_attributes_.put(key, value))
        return respond(client, command, {{"rc", "-1"}, {"errmsg", "no room, or no key"}});
    (void)node_attributes_.changes();  // they stay here
    respond(client, command, {{"rc", "0"}});
    for (auto& [rank, other] : clients_) {
        const auto is_answered = [&](const Question& question) {
            if (question.key != key) return false;
            const Command asked{"info-getnodeattr", {{"thrid", question.thread}}};
            respond_found(other, asked, std::string{value});
            return true;
        };
        std::erase_if(other.waiting, is_answered);
    }
}

void Server::get_node_attribute(Client& client, const Command& command) {
    const auto value = node_attributes_.get(command["key"]);
    if (value) return respond_found(client, command, std::string{*value});
    const std::string_view wait = command["wait"];
    if (wait != "TRUE" && wait != "true") return respond_found(client, command, std::nullopt);
    if (client.waiting.size() == waiting_max)
        return respond(client, command, {{"rc", "-1"}, {"errmsg", "too many questions"}});
    client.waiting.push_back({std::string{command["key"]}, std::string{command["thrid"]}});
}

void Server::kvs_put(Client& client, const Command& command) {
    if (command["key"].empty() || !store_.put(command["key"], command["value"]))
        return respond(client, command, {{"rc", "-1"}, {"errmsg", "no room, or no key"}});
    respond(client, command, {{"rc", "0"}});
}

void Server::kvs_get(Client& client, const Command& command) {
    const std::string_view job = command["jobid"];
    const bool is_ours = job.empty() || job == setup_.kvs_name;
    std::optional<std::string> value;
    if (is_ours) value = find(command["key"]);
    respond_found(client, command, value);
}

void Server::kvs_fence(Client& client, const Command& command) {
    if (client.at_barrier)
        return respond(client, command, {{"rc", "-1"}, {"errmsg", "already in a fence"}});
    enter_barrier(client, command["thrid"]);
}

void Server::finalize2(Client& client, const Command& command) {
    respond(client, command, {{"rc", "0"}});
    actions_.emplace_back(Left{client.rank});
}

}  // namespace vrun::pmi
