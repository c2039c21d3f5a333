// SPDX-License-Identifier: Apache-2.0
// vrund: the node daemon. Reads its settings, builds the parts, runs the loop.

#include "daemon/cgroup.hpp"
#include "daemon/daemon.hpp"
#include "daemon/init.hpp"
#include "daemon/options.hpp"
#include "daemon/resources.hpp"
#include "process/descriptors.hpp"
#include "process/heap.hpp"
#include "process/private_memory.hpp"
#include "process/program.hpp"
#include "wire/base/escape.hpp"
#include "wire/job_id.hpp"
#include "wire/local_socket.hpp"
#include "wire/messages/end.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <asio/io_context.hpp>
#include <cstdio>
#include <filesystem>

namespace vrun::daemon {
namespace {

constexpr std::array default_key_files{"/run/secrets/vrun_key", "/etc/vrun/key"};

constexpr std::size_t descriptors_needed = 32;  // to serve one small job

struct Refusal {  // what keeps vrund from starting
    int exit_code;
    std::string sentence;
};

std::optional<std::string> key_file_of(const Options& options) {
    if (!options.key_file.empty()) return options.key_file;
    for (const char* path : default_key_files)
        if (::access(path, F_OK) == 0) return path;
    return std::nullopt;
}

// None: this host only, unless --insecure-no-auth.
std::optional<wire::TlsContext> load_keys(const Options& options) {
    if (options.client_fd) return std::nullopt;
    if (options.is_private) {
        auto keys = wire::read_key_line(STDIN_FILENO);
        if (!keys)
            throw Refusal{wire::exit_code::refused,
                          "key on standard input: " + keys.error().message()};
        return wire::TlsContext{*keys};
    }
    const std::optional<std::string> path = key_file_of(options);
    if (!path) return std::nullopt;
    auto keys = wire::read_key_file(*path);
    if (!keys) throw Refusal{wire::exit_code::refused, keys.error().message()};
    return wire::TlsContext{*keys};
}

std::string host_name() {
    std::array<char, 256> name{};
    check(::gethostname(name.data(), name.size() - 1), "gethostname");
    return name.data();
}

Daemon::Setup setup_of(const Options& options) {
    Daemon::Setup setup;
    setup.hello.software = wire::software_version();
    setup.hello.role = wire::Role::daemon;
    setup.hello.incarnation = wire::random_id();
    setup.hello.node_name = options.name.empty() ? host_name() : options.name;
    const process::CpuSet cpus = process::allowed_cpus();
    const std::uint32_t cores = core_count(cpus);
    const Slots slots = slots_of(cores, cpu_quota(), options.slots);
    setup.info.slots = slots.count;
    setup.info.slots_source = slots.source;
    setup.info.cores = cores;
    setup.info.machine = boot_id();
    setup.info.cpus = cpus.text();
    setup.tls = load_keys(options);
    setup.has_network = setup.tls || options.insecure_no_auth;
    setup.sources = options.discovery;
    setup.hostfiles = options.hostfiles;
    setup.on_change = options.on_change;
    setup.lease = options.lease;
    setup.linger = options.linger;
    setup.spool_max = std::size_t{options.spool_mib} << 20;
    if (!options.is_private)
        setup.socket = options.socket.empty() ? wire::default_local_socket() : options.socket;
    setup.ends_with_clients = options.client_fd.has_value();
    setup.has_only_our_orphans = ::getpid() != 1 && options.command.empty();
    return setup;
}

// A daemon of many nodes holds a descriptor for each; ranks get the caller's own limits, and the
// main program those that we were started with.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void open_network(Daemon& daemon, const Options& options, const Daemon::Setup& setup, Log& log) {
    if (!setup.has_network) {
        if (!options.client_fd)
            log.warning(
                "no cluster key: serving this host only; `vrunctl keygen` makes a key for "
                "--key-file");
        return;
    }
    if (!setup.tls)
        log.warning("--insecure-no-auth: whoever reaches this port can run programs here");
    const std::uint16_t wanted = options.is_private ? 0 : options.port;
    try {
        const std::uint16_t port = daemon.peers().listen(wanted);
        daemon.set_port(port);
        if (options.is_private)
            fmt::print("{} {} {}\n", port, wire::id_text(setup.hello.incarnation),
                       wire::software_version());
        std::fflush(stdout);
    } catch (const std::system_error& error) {
        throw Refusal{
            wire::exit_code::refused,
            fmt::format("listen on port {}: {}; is another vrund running here? --port chooses "
                        "another",
                        wanted, error.code().message())};
    }
}

// The unix socket of a daemon that has one; its file, and a directory made for it, go with this.
class LocalSocket {
public:
    explicit LocalSocket(const Options& options) {
        if (options.is_private) return;
        path_ = options.socket.empty() ? wire::default_local_socket() : options.socket;
        made_directory_ = !std::filesystem::exists(path_.parent_path());
        auto socket = wire::listen_local(path_.string());
        const bool is_taken = !socket && socket.error().code == std::errc::address_in_use;
        const char* advice = is_taken ? "; another vrund serves it, --socket chooses another" : "";
        if (!socket) throw Refusal{wire::exit_code::refused, socket.error().message() + advice};
        socket_ = std::move(*socket);
    }
    LocalSocket(const LocalSocket&) = delete;
    LocalSocket& operator=(const LocalSocket&) = delete;
    ~LocalSocket() { remove(); }

    bool is_open() const noexcept { return socket_.is_open(); }
    UniqueFd take() noexcept { return std::move(socket_); }
    void remove() noexcept {
        if (path_.empty()) return;
        ::unlink(path_.c_str());
        if (made_directory_) ::rmdir(path_.parent_path().c_str());  // refused while others use it
        path_.clear();
    }

private:
    std::filesystem::path path_;
    bool made_directory_ = false;
    UniqueFd socket_;
};

asio::awaitable<void> end_with_stdin(Daemon& daemon) {
    asio::posix::stream_descriptor input{co_await asio::this_coro::executor, ::dup(STDIN_FILENO)};
    std::array<char, 64> ignored;
    for (std::error_code error; !error;) {
        const auto as_values = asio::experimental::as_tuple(asio::use_awaitable);
        std::tie(error, std::ignore) =
            co_await input.async_read_some(asio::buffer(ignored), as_values);
    }
    daemon.stop();
}

// The container's main program, if there is one: its end is ours.
asio::awaitable<void> run_init(Init& init, const std::vector<std::string>& command, Daemon& daemon,
                               int& exit_code) {
    if (!command.empty()) {
        const auto started = init.start(command);
        if (!started) {
            fmt::print(stderr, "vrund: {}\n", escaped(started.error().message()));
            exit_code = process::exit_code_of(started.error().code);
            co_return daemon.stop();
        }
    }
    raise_descriptor_limit();
    exit_code = co_await init.run();
    daemon.stop();
}

int serve(const Options& options) {
    wire::ignore_sigpipe();
    process::require_descriptors(descriptors_needed);
    process::make_memory_private();
    Log log{"vrund", options.log_level};
    const Daemon::Setup setup = setup_of(options);
    asio::io_context loop{1};
    LocalSocket socket{options};
    Daemon daemon{loop.get_executor(), setup, log};
    open_network(daemon, options, setup, log);
    if (socket.is_open()) daemon.clients().listen(socket.take());
    if (options.client_fd) daemon.clients().adopt(UniqueFd{*options.client_fd});
    if (options.controller) daemon.keep_connected();
    daemon.keep_hostfiles();
    Init init{loop.get_executor(), [&](pid_t pid) { return daemon.owns(pid); }};
    int exit_code = 0;
    const auto rethrow = [&](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
        loop.stop();
    };
    TaskGroup tasks{loop.get_executor(), [](std::string_view, std::exception_ptr) {}};
    tasks.spawn("init", run_init(init, options.command, daemon, exit_code));
    if (options.is_private && !options.client_fd) tasks.spawn("stdin", end_with_stdin(daemon));
    asio::co_spawn(loop, daemon.run(), rethrow);
    log.info("ready", {{"node", setup.hello.node_name},
                       {"slots", setup.info.slots},
                       {"slots_source", setup.info.slots_source},
                       {"incarnation", wire::id_text(setup.hello.incarnation)}});
    loop.run();
    socket.remove();
    std::_Exit(exit_code);  // init may still wait for signals; nothing is left to clean up
}

int run(int argc, char** argv) {
    process::keep_freed_memory();
    const OptionSources sources{{argv + 1, argv + argc}, environment_variable};
    const Result<Options> options = parse_options(sources);
    if (!options) throw Refusal{wire::exit_code::usage, options.error().message()};
    if (options->request == Request::help) return fmt::print("{}", help_text()), 0;
    if (options->request == Request::version)
        return fmt::print("{}\n", wire::software_version()), 0;
    return serve(*options);
}

}  // namespace
}  // namespace vrun::daemon

int main(int argc, char** argv) {
    try {
        return vrun::daemon::run(argc, argv);
    } catch (const vrun::daemon::Refusal& refusal) {
        fmt::print(stderr, "vrund: {}\n", vrun::escaped(refusal.sentence));
        return refusal.exit_code;
    } catch (const std::exception& error) {
        fmt::print(stderr, "vrund: {}\n", vrun::escaped(error.what()));
        return 1;
    }
}
