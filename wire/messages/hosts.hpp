// SPDX-License-Identifier: Apache-2.0
// wire/messages/hosts: what `vrunctl hosts` asks and hears.
// Plain values; each names its MessageType, and its fields in the order they travel.
// Names and reasons are other people's words: whoever prints them escapes them.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

struct ListHosts {
    static constexpr auto type = MessageType::list_hosts;
    bool watch = false;  // a HostList now, and another whenever it changes

    template <class Archive>
    void serialize(Archive& archive) {
        archive(watch);
    }
};

enum class HostState : std::uint8_t { up, suspect, down };
constexpr bool valid(HostState state) {
    return state <= HostState::down;
}

struct HostEntry {
    std::string name;  // empty while the host was never reached
    std::string address;
    std::uint16_t port = 0;
    std::uint32_t slots = 0;
    std::string slots_source;
    HostState state = HostState::down;
    std::string problem;  // why it is not up

    bool operator==(const HostEntry&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, address, port, slots, slots_source, state, problem);
    }
};

struct HostList {
    static constexpr auto type = MessageType::host_list;
    std::vector<HostEntry> hosts;
    std::vector<std::string> problems;  // of the sources: "dns:tasks.worker: no such name"

    bool operator==(const HostList&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(hosts, problems);
    }
};

}  // namespace vrun::wire
