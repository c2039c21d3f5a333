// SPDX-License-Identifier: Apache-2.0
// pmi/server: the PMI-1 and PMI-2 server of one job on one node, as a pure state machine.
// What a rank sends goes in, what shall be done about it comes out; sockets and the fence with the
// other nodes are the caller's. A rank picks its dialect; every question gets an answer, if only
// that it is not supported here. Ranks may send anything: they harm nobody but themselves.
#pragma once

#include "pmi/actions.hpp"
#include "pmi/framer.hpp"
#include "pmi/store.hpp"
#include "wire/messages/launch.hpp"

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace vrun::pmi {

using wire::NodeIndex;

struct ServerSetup {
    std::string kvs_name;  // of the job: its id, to the ranks
    std::uint64_t size = 0;
    std::string universe_size = "-1";    // infinite
    std::string process_mapping;         // empty: not to be told
    std::map<Rank, std::uint32_t> apps;  // of each rank here: which program it runs
    Room room;
};
ServerSetup server_setup(const wire::LaunchJob& launch, NodeIndex node);

class Server {
public:
    explicit Server(ServerSetup setup);

    Actions receive(Rank rank, std::string_view bytes);  // of a rank here
    Actions barrier_done(bool succeeded, std::span<const std::byte> changes);

private:
    struct Question {  // that waits for its answer
        std::string key;
        std::string thread;
    };
    struct Client {
        Rank rank = 0;
        Framer framer = {};
        bool is_over = false;  // aborted, or hung up: nothing more is heard
        bool in_spawn = false;
        bool is_last_spawn = true;
        std::string spawns = {};                     // how many commands it has
        std::optional<std::string> at_barrier = {};  // the thread that waits there
        std::vector<Question> waiting = {};          // for attributes of this node
    };
    using Serve = void (Server::*)(Client&, const Command&);
    struct Verb {
        std::string_view name;
        Serve serve;
    };
    using Fields = std::initializer_list<Field>;

    void hear(Client& client, const std::string& message);
    void hang_up(Client& client, std::string reason);
    void answer(Client& client, std::string_view name, Fields fields);
    void enter_barrier(Client& client, std::string_view thread);
    void abort(Client& client, const Command& command);
    std::optional<std::string> find(std::string_view key) const;

    static std::span<const Verb> pmi1_verbs();
    bool hear_spawn(Client& client, std::string_view line);
    void init(Client& client, const Command& command);
    void get_maxes(Client& client, const Command& command);
    void get_appnum(Client& client, const Command& command);
    void get_my_kvsname(Client& client, const Command& command);
    void get_universe_size(Client& client, const Command& command);
    void put(Client& client, const Command& command);
    void get(Client& client, const Command& command);
    void barrier_in(Client& client, const Command& command);
    void finalize(Client& client, const Command& command);
    void refuse(Client& client, const Command& command);

    static std::span<const Verb> pmi2_verbs();
    void respond(Client& client, const Command& command, Fields fields);
    void respond_found(Client& client, const Command& command,
                       const std::optional<std::string>& value);
    void full_init(Client& client, const Command& command);
    void job_id(Client& client, const Command& command);
    void job_attribute(Client& client, const Command& command);
    void put_node_attribute(Client& client, const Command& command);
    void get_node_attribute(Client& client, const Command& command);
    void kvs_put(Client& client, const Command& command);
    void kvs_get(Client& client, const Command& command);
    void kvs_fence(Client& client, const Command& command);
    void finalize2(Client& client, const Command& command);

    ServerSetup setup_;
    std::map<Rank, Client> clients_;
    std::size_t at_barrier_ = 0;
    Store store_;
    Store node_attributes_;
    Actions actions_;
};

}  // namespace vrun::pmi
