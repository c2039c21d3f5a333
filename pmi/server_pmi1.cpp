// SPDX-License-Identifier: Apache-2.0
// The verbs of PMI-1, and the first of every connection.
#include "pmi/server.hpp"

#include <algorithm>
#include <array>

namespace vrun::pmi {
namespace {

// What clients wait for when they ask for what we cannot do; of others we guess NAME_result.
constexpr std::array<Field, 6> answers_of_refused{{{"publish_name", "publish_result"},
                                                   {"unpublish_name", "unpublish_result"},
                                                   {"lookup_name", "lookup_result"},
                                                   {"getbyidx", "getbyidx_results"},
                                                   {"create_kvs", "newkvs"},
                                                   {"destroy_kvs", "kvs_destroyed"}}};

constexpr std::string_view not_supported = "not_supported_by_vrun";

}  // namespace

std::span<const Server::Verb> Server::pmi1_verbs() {
    static constexpr std::array verbs{Verb{"init", &Server::init},
                                      Verb{"get_maxes", &Server::get_maxes},
                                      Verb{"get_appnum", &Server::get_appnum},
                                      Verb{"get_my_kvsname", &Server::get_my_kvsname},
                                      Verb{"get_universe_size", &Server::get_universe_size},
                                      Verb{"put", &Server::put},
                                      Verb{"get", &Server::get},
                                      Verb{"barrier_in", &Server::barrier_in},
                                      Verb{"abort", &Server::abort},
                                      Verb{"finalize", &Server::finalize}};
    return verbs;
}

// "mcmd=spawn", a line for each field, "endcmd"; as often as there are programs to spawn, with one
// answer to all.
bool Server::hear_spawn(Client& client, std::string_view line) {
    if (line == "mcmd=spawn") {
        client.in_spawn = client.is_last_spawn = true;
        return true;
    }
    if (!client.in_spawn) return false;
    static constexpr std::string_view so_far = "spawnssofar=", total = "totspawns=";
    if (line.starts_with(total)) client.spawns = line.substr(total.size());
    if (line.starts_with(so_far))
        client.is_last_spawn = line.substr(so_far.size()) == client.spawns;
    if (line != "endcmd") return true;
    client.in_spawn = false;
    if (client.is_last_spawn)
        answer(client, "spawn_result", {{"rc", "-1"}, {"msg", not_supported}});
    return true;
}

void Server::init(Client& client, const Command& command) {
    const std::string_view version = command["pmi_version"];
    const bool is_pmi2 = version == "2";
    if (version != "1" && !is_pmi2)
        return answer(client, "response_to_init",
                      {{"pmi_version", "1"}, {"pmi_subversion", "1"}, {"rc", "-1"}});
    answer(client, "response_to_init",
           {{"pmi_version", version}, {"pmi_subversion", is_pmi2 ? "0" : "1"}, {"rc", "0"}});
    if (is_pmi2) client.framer.speak(Dialect::pmi2);
    actions_.emplace_back(Entered{client.rank});
}

void Server::get_maxes(Client& client, const Command&) {
    answer(client, "maxes", {{"kvsname_max", "256"}, {"keylen_max", "64"}, {"vallen_max", "1024"}});
}

void Server::get_appnum(Client& client, const Command&) {
    answer(client, "appnum", {{"appnum", std::to_string(setup_.apps.at(client.rank))}});
}

void Server::get_my_kvsname(Client& client, const Command&) {
    answer(client, "my_kvsname", {{"kvsname", setup_.kvs_name}});
}

void Server::get_universe_size(Client& client, const Command&) {
    answer(client, "universe_size", {{"size", setup_.universe_size}});
}

void Server::put(Client& client, const Command& command) {
    std::string_view problem;
    if (command["kvsname"] != setup_.kvs_name)
        problem = "kvs_of_another_job";
    else if (command["key"].empty())
        problem = "no_key";
    else if (!store_.put(command["key"], command["value"]))
        problem = "no_room";
    if (problem.empty()) return answer(client, "put_result", {{"rc", "0"}, {"msg", "success"}});
    answer(client, "put_result", {{"rc", "-1"}, {"msg", problem}});
}

void Server::get(Client& client, const Command& command) {
    std::optional<std::string> value;
    if (command["kvsname"] == setup_.kvs_name) value = find(command["key"]);
    if (value)
        return answer(client, "get_result", {{"rc", "0"}, {"msg", "success"}, {"value", *value}});
    answer(client, "get_result", {{"rc", "-1"}, {"msg", "key_not_found"}, {"value", "unknown"}});
}

void Server::barrier_in(Client& client, const Command& command) {
    if (command.find("group") || client.at_barrier)
        return answer(client, "barrier_out", {{"rc", "-1"}, {"msg", not_supported}});
    enter_barrier(client, {});
}

void Server::finalize(Client& client, const Command&) {
    answer(client, "finalize_ack", {});
    actions_.emplace_back(Left{client.rank});
}

void Server::refuse(Client& client, const Command& command) {
    if (client.framer.dialect() == Dialect::pmi2)
        return respond(client, command, {{"rc", "-1"}, {"errmsg", "not supported by vrun"}});
    const auto known = std::ranges::find(answers_of_refused, command.name, &Field::first);
    const std::string name = known == answers_of_refused.end()
                                 ? std::string{command.name} + "_result"
                                 : std::string{known->second};
    answer(client, name, {{"info", not_supported}, {"rc", "-1"}, {"msg", not_supported}});
}

}  // namespace vrun::pmi
