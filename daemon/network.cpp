// SPDX-License-Identifier: Apache-2.0
#include "daemon/network.hpp"

#include "wire/base/handle.hpp"
#include "wire/base/result.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <algorithm>
#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <asio/ip/network_v6.hpp>
#include <bit>
#include <cstring>
#include <optional>

namespace vrun::daemon {
namespace {

struct Local {
    asio::ip::address address;
    std::string zone;  // "eth0" of "fe80::1%eth0"
};

std::optional<Local> parsed(const std::string& text) {
    const std::size_t percent = text.find('%');
    std::error_code error;
    auto address = asio::ip::make_address(text.substr(0, percent), error);
    if (error) return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    return Local{address, percent == text.npos ? "" : text.substr(percent + 1)};
}

std::string cidr_of(const asio::ip::address& address, unsigned length) {
    if (address.is_v4() && length <= 32)
        return asio::ip::make_network_v4(address.to_v4(), static_cast<unsigned short>(length))
            .canonical()
            .to_string();
    if (address.is_v6() && length <= 128)
        return asio::ip::make_network_v6(address.to_v6(), static_cast<unsigned short>(length))
            .canonical()
            .to_string();
    return "";
}

bool contains(const Interface& interface, const Local& local) {
    const auto own = parsed(interface.address);
    if (!own || own->address.is_v4() != local.address.is_v4()) return false;
    return cidr_of(own->address, interface.prefix_length) ==
           cidr_of(local.address, interface.prefix_length);
}

// The interface that has the address; else, for addresses that no interface lists (127.0.0.7),
// the one whose network it is in.
const Interface* interface_of(const Local& local, std::span<const Interface> interfaces) {
    const auto in_zone = [&](const Interface& interface) {
        return local.zone.empty() || interface.name == local.zone;
    };
    const auto has = [&](const Interface& interface) {
        const auto own = parsed(interface.address);
        return own && own->address == local.address && in_zone(interface);
    };
    const auto holds = [&](const Interface& interface) {
        return contains(interface, local) && in_zone(interface);
    };
    auto found = std::ranges::find_if(interfaces, has);
    if (found == interfaces.end()) found = std::ranges::find_if(interfaces, holds);
    return found == interfaces.end() ? nullptr : &*found;
}

std::string text_of(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return asio::ip::address_v4{ntohl(v4.sin_addr.s_addr)}.to_string();
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return asio::ip::address_v6{bytes}.to_string();
}

unsigned ones(const void* bytes, std::size_t size) {
    unsigned total = 0;
    for (std::size_t i = 0; i < size; ++i)
        total += static_cast<unsigned>(std::popcount(static_cast<const unsigned char*>(bytes)[i]));
    return total;
}

unsigned prefix_length_of(const sockaddr& netmask, sa_family_t family) {
    if (family == AF_INET)
        return ones(reinterpret_cast<const char*>(&netmask) + offsetof(sockaddr_in, sin_addr), 4);
    return ones(reinterpret_cast<const char*>(&netmask) + offsetof(sockaddr_in6, sin6_addr), 16);
}

}  // namespace

wire::Network network_of(const std::string& local, std::span<const Interface> interfaces) {
    const auto where = parsed(local);
    if (!where) return {};
    wire::Network network{"", where->zone, where->address.to_string()};
    const Interface* interface = interface_of(*where, interfaces);
    if (interface == nullptr) return network;
    network.interface = interface->name;
    const bool link_local = where->address.is_v6() && where->address.to_v6().is_link_local();
    if (!link_local) network.cidr = cidr_of(where->address, interface->prefix_length);
    return network;
}

std::vector<Interface> own_interfaces() {
    ifaddrs* list = nullptr;
    check(::getifaddrs(&list), "getifaddrs");
    const Handle<ifaddrs, ::freeifaddrs> owned{list};
    std::vector<Interface> interfaces;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || entry->ifa_netmask == nullptr) continue;
        const sa_family_t family = entry->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        interfaces.push_back({entry->ifa_name, text_of(*entry->ifa_addr),
                              prefix_length_of(*entry->ifa_netmask, family)});
    }
    return interfaces;
}

}  // namespace vrun::daemon
