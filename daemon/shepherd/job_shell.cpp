// SPDX-License-Identifier: Apache-2.0
// What a Job of vrsh does otherwise. As with ssh, the caller leaves when the command has ended and
// its streams are closed; what it left behind (the daemons of other launchers) lives on, and the
// job with it. Whoever loses its parent becomes our child, so its end wakes us.
#include "daemon/shepherd/job.hpp"
#include "process/descendants.hpp"

#include <csignal>

namespace vrun::shepherd {

void Job::on_rank_exited(const wire::RankExited& exited) {
    if (!is_shell()) {
        pmi_.rank_ended(exited.rank);
        return tell_root(&Ruler::rank_exited, exited);
    }
    shell_exit_ = exited;
    tasks_.spawn("end the shell", end_shell());
    tasks_.spawn("tell what stays", tell_of_stayers());
    on_orphan_ended();  // there may be none
}

void Job::on_orphan_ended() {
    if (shell_exit_ && !process::has_children()) shell_over_.set();
}

// For the ruler the only rank has not ended before.
asio::awaitable<void> Job::end_shell() {
    co_await shell_over_.wait();
    tell_root(&Ruler::rank_exited, *shell_exit_);
}

// vrsh has the exit code at once, and stays in the background as the job's owner.
asio::awaitable<void> Job::tell_of_stayers() {
    co_await io_.drained();
    if (!shell_over_.is_set()) mail_.to_vrun(*shell_exit_);
}

// What a shell started may have left its process group. What is to be killed, the sweep finds.
void Job::signal(int number) {
    if (!is_shell() || number == SIGKILL) ranks_.signal(number);
    if (!is_shell()) return;
    if (number == SIGKILL) return shell_over_.set();
    process::signal_descendants(number);
    process::signal_descendants(SIGCONT);  // who stands still hears nothing
}

}  // namespace vrun::shepherd
