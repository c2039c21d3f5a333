// SPDX-License-Identifier: Apache-2.0
#include "daemon/hostfiles.hpp"

#include "daemon/host_lists.hpp"
#include "process/pipe.hpp"
#include "process/program.hpp"
#include "process/spawner.hpp"
#include "wire/base/escape.hpp"
#include "wire/base/write_all.hpp"
#include "wire/hostfile_text.hpp"
#include "wire/network_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>

namespace vrun::daemon {
namespace {

using asio::use_awaitable;

constexpr auto as_values = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds retry_interval{10};  // of a file that could not be written

// In the target's directory: rename() replaces at once only there.
struct Temporary {
    std::string path;
    UniqueFd fd;  // not open: errno says why
};

// With a name that nobody else uses. Our pid would not do: on a shared volume, the daemon of each
// container is process 1.
Temporary temporary_beside(const std::string& target) {
    std::string path = target + ".vrun-XXXXXX";
    UniqueFd fd{::mkostemp(path.data(), O_CLOEXEC)};
    return {std::move(path), std::move(fd)};
}

std::error_code last_error() {
    return {errno, std::system_category()};
}

std::error_code write_and_sync(int fd, std::string_view text) {
    if (const auto error = write_all(fd, std::as_bytes(std::span{text}))) return error;
    if (::fsync(fd) == 0 || errno == EINVAL) return {};  // a file system that cannot
    return last_error();
}

// Above the standard ones, whichever of ours are closed.
UniqueFd duplicate_of(int fd) {
    return UniqueFd{check(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "fcntl")};
}

// A network is not unlearned: without other nodes, what was true of it stays.
bool names_network(wire::HostfileFormat format) {
    using enum wire::HostfileFormat;
    return format == mca || format == prte || format == hydra;
}

asio::awaitable<std::optional<Error>> replace_there(std::string path, std::string text) {
    co_return replace_file(path, text);
}

}  // namespace

std::optional<Error> replace_file(const std::string& path, std::string_view text) {
    const auto failed = [&](std::error_code code) -> std::optional<Error> {
        return Error{code, "write " + escaped(path)};
    };
    Temporary temporary = temporary_beside(path);
    if (!temporary.fd.is_open()) return failed(last_error());
    constexpr mode_t for_all_readers = 0644;
    ::fchmod(temporary.fd.get(), for_all_readers);  // whatever our umask is
    std::error_code error = write_and_sync(temporary.fd.get(), text);
    temporary.fd = UniqueFd{};
    if (!error && ::rename(temporary.path.c_str(), path.c_str()) < 0) error = last_error();
    if (!error) return std::nullopt;
    ::unlink(temporary.path.c_str());
    return failed(error);
}

wire::Network network_to(const Gathered& gathered, Peers& peers) {
    wire::Network all;
    std::vector<std::string> cidrs;
    std::vector<Interface> interfaces;
    for (const Node& node : gathered.nodes) {
        const Peer* const peer = peers.find(node.incarnation);
        if (!peer) continue;  // ourselves
        if (interfaces.empty()) interfaces = own_interfaces();
        const wire::Network one = network_of(peer->local.address().to_string(), interfaces);
        if (all.interface.empty()) all.interface = one.interface;
        if (one.cidr.empty() || std::ranges::count(cidrs, one.cidr) > 0) continue;
        cidrs.push_back(one.cidr);
        all.cidr += (all.cidr.empty() ? "" : ",") + one.cidr;
    }
    return all;
}

bool is_nobody_there(const Gathered& gathered) {
    const bool is_listed = !gathered.unreached.empty() || gathered.problems.empty();
    return gathered.nodes.empty() && gathered.pending == 0 && is_listed;
}

Hostfiles::Hostfiles(asio::any_io_executor loop, std::vector<Hostfile> files, std::string on_change,
                     Watch& watch, Peers& peers, Log& log)
    : loop_{loop},
      on_change_{std::move(on_change)},
      watch_{watch},
      peers_{peers},
      log_{log},
      tasks_{loop, [&log](std::string_view name, std::exception_ptr) {
                 log.error("hostfiles: a task failed", {{"task", name}});
             }} {
    for (Hostfile& file : files)
        files_.push_back({std::move(file), std::nullopt});
}

void Hostfiles::start() {
    for (Kept& kept : files_)
        if (auto text = discovery::read_text_file(kept.file.path, discovery::hostfile_size_max, ""))
            kept.written = std::move(*text);
    if (!files_.empty())
        hold_ = watch_.hold(Pace::waiting, [this](const Gathered& gathered) { hear(gathered); });
}

std::string Hostfiles::text_of(const Known& known, wire::HostfileFormat format) {
    if (format == wire::HostfileFormat::mca) return wire::mca_parameters(known.network);
    if (format == wire::HostfileFormat::prte) return wire::prte_parameters(known.network);
    if (format == wire::HostfileFormat::hydra) return wire::hydra_options(known.network);
    return wire::hostfile_text(known.hosts, format);
}

// Not to know of anybody is not to know that there is nobody.
void Hostfiles::hear(const Gathered& gathered) {
    const bool is_anybody_up = std::ranges::count(gathered.nodes, false, &Node::is_suspect) > 0;
    if (!is_anybody_up && !is_nobody_there(gathered)) return;
    newest_ = Known{host_list_of(gathered), network_to(gathered, peers_)};
    if (!std::exchange(is_keeping_, true)) tasks_.spawn("keep", keep());
}

// What changes while we write is written next; a failure is tried again, the disk tells nobody when
// it has room.
asio::awaitable<void> Hostfiles::keep() {
    asio::steady_timer timer{loop_};
    while (newest_) {
        const Known known = *std::exchange(newest_, std::nullopt);
        bool has_changed = false;
        const bool is_written = co_await write_all(known, has_changed);
        if (has_changed && !on_change_.empty()) co_await run_command();
        if (is_written || newest_) continue;
        timer.expires_after(retry_interval);
        co_await timer.async_wait(as_values);
        if (!newest_) newest_ = known;
    }
    is_keeping_ = false;
}

asio::awaitable<bool> Hostfiles::write_all(Known known, bool& has_changed) {
    bool is_written = true;
    for (Kept& kept : files_) {
        const std::string text = text_of(known, kept.file.format);
        const bool is_unknown = text.empty() && names_network(kept.file.format);
        if (kept.written == text || is_unknown) continue;
        auto replacing = asio::co_spawn(disk_, replace_there(kept.file.path, text), use_awaitable);
        const std::optional<Error> error = co_await std::move(replacing);
        if (!error) {
            kept.written = text;
            has_changed = true;
            continue;
        }
        is_written = false;
        log_.warning("hostfiles: a hostfile is not true", {{"reason", error->message()}});
    }
    co_return is_written;
}

asio::awaitable<void> Hostfiles::run_command() {
    process::ChildPlan plan{
        {"sh", "-c", on_change_},
        "/bin/sh",
        process::own_environment(),
        /*workdir=*/"",
        {process::open_null(), duplicate_of(STDOUT_FILENO), duplicate_of(STDERR_FILENO)}};
    plan.environment.push_back("VRUN_HOSTFILE=" + files_.front().file.path);
    process::Spawner spawner{loop_};
    auto child = spawner.spawn(std::move(plan));
    if (!child) {
        log_.warning("hostfiles: cannot run --on-change", {{"reason", child.error().message()}});
        co_return;
    }
    command_pid_ = child->pid();
    const process::ExitStatus status = co_await child->wait();
    command_pid_ = -1;
    const int code = process::exit_code_of(status);
    if (code != 0) log_.warning("hostfiles: --on-change failed", {{"exit_code", code}});
}

void Hostfiles::stop() {
    hold_.give_back();
    tasks_.cancel();
}

asio::awaitable<void> Hostfiles::join() {
    co_await tasks_.join();
    disk_.join();
}

}  // namespace vrun::daemon
