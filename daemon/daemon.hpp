// SPDX-License-Identifier: Apache-2.0
// daemon/daemon: the parts of vrund, connected.
// Hears peers, shepherds and clients, and hands each message to the part whose business it is; its
// one timer runs only while there are jobs, so an idle daemon sleeps.
#pragma once

#include "daemon/controller.hpp"
#include "daemon/detached/job_commands.hpp"
#include "daemon/examiner.hpp"
#include "daemon/host_lists.hpp"
#include "daemon/hostfiles.hpp"

namespace vrun::daemon {

class Daemon final : public PeerEvents, public ShepherdEvents, public ClientEvents {
public:
    struct Setup {
        wire::Hello hello;
        wire::NodeInfo info;  // port and jobs are filled in when asked
        std::optional<wire::TlsContext> tls;
        bool has_network = false;
        std::vector<discovery::Source> sources;
        std::vector<Hostfile> hostfiles;
        std::string on_change;
        Milliseconds lease{10'000};
        Milliseconds linger{60'000};       // of an idle shepherd
        std::size_t spool_max = 8u << 20;  // of a detached job's output here
        std::string socket;                // for vrun and vrsh; empty: none
        bool ends_with_clients = false;    // a private daemon: no client, no daemon
        bool has_only_our_orphans = true;  // no PID 1, and no main program
    };

    Daemon(asio::any_io_executor loop, Setup setup, Log& log);

    Peers& peers() noexcept { return peers_; }
    Clients& clients() noexcept { return clients_; }
    void set_port(std::uint16_t port) noexcept { setup_.info.port = port; }

    // Stays connected to every node of the sources (--controller).
    void keep_connected();
    void keep_hostfiles() { hostfiles_.start(); }

    // A child that some part waits for.
    bool owns(pid_t pid) const { return shepherds_.owns(pid) || hostfiles_.owns(pid); }

    // Completes after stop(), or for a private daemon when its client is gone and its jobs ended.
    asio::awaitable<void> run();
    void stop() noexcept;

    void on_peer_message(Peer& peer, wire::Message message) override;
    void on_peer_gone(wire::Incarnation peer, const Parting& parting) override;
    void on_shepherd_message(Shepherd& shepherd, wire::Message message) override;
    void on_shepherd_gone(Shepherd& shepherd, const std::string& reason) override;
    void on_client_message(const ClientPointer& client, wire::Message message) override;
    void on_client_gone(const ClientPointer& client) override;

private:
    asio::awaitable<void> pulse();
    asio::awaitable<void> examine(ClientPointer client);
    void start_pulse();
    bool is_watching() const {
        return watch_.is_active() || host_waits_.is_active() || job_commands_.is_waiting();
    }
    Switchboard connected_switchboard();
    void connect_parts();
    Keeper::Events keeper_events();
    void on_taken(Job& job, wire::Incarnation before);
    bool hear_of_jobs(Peer& peer, const wire::Message& message);
    void on_part_over(Job& job);
    void erase(Job& job);
    wire::NodeInfo info() const;
    wire::ScaleOf scale_of_jobs();

    asio::any_io_executor loop_;
    Setup setup_;
    Log& log_;
    JobTable jobs_;
    Peers peers_;
    Membership members_;
    Watch watch_;
    HostWaits host_waits_;
    Shepherds shepherds_;
    Topologies topologies_;
    Keeper keeper_;
    Switchboard switchboard_;
    NodeJobs node_jobs_;
    Controller controller_;
    JobFinder job_finder_;
    JobCommands job_commands_;
    Examiner examiner_;
    HostLists host_lists_;
    Hostfiles hostfiles_;
    Watch::Hold staying_connected_;
    Clients clients_;
    asio::steady_timer stopped_;
    asio::steady_timer pulse_timer_;
    StallMeter stall_;
    bool is_pulsing_ = false;
    bool is_stopping_ = false;
    TaskGroup tasks_;
};

}  // namespace vrun::daemon
