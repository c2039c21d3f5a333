// SPDX-License-Identifier: Apache-2.0
#include "daemon/shepherd/remedies.hpp"

#include "process/traps.hpp"

#include <array>

namespace vrun::shepherd {
namespace {

using wire::NoticeKind;

// Of Open MPI 4, Open MPI 5, libfabric, MVAPICH, Intel MPI. UCX finds out by itself.
constexpr std::array without_single_copy{"OMPI_MCA_btl_vader_single_copy_mechanism=none",
                                         "OMPI_MCA_smsc=^cma", "FI_SHM_DISABLE_CMA=1",
                                         "MV2_SMP_USE_CMA=0", "I_MPI_SHM_CMA=0"};

constexpr std::array backing_directories{
    "OMPI_MCA_btl_vader_backing_directory", "OMPI_MCA_btl_sm_backing_directory",
    "OMPI_MCA_osc_sm_backing_directory", "OMPI_MCA_osc_rdma_backing_directory", "UCX_POSIX_DIR"};

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

std::string need_of(const wire::UserFacts& facts, const Room& room, std::uint64_t per_rank) {
    const std::string there = facts.has_shm ? "/dev/shm has " + mebibytes(facts.shm_free) + " left"
                                            : "nothing can be put into /dev/shm";
    return there + ", and " + std::to_string(room.ranks) + (room.ranks == 1 ? " rank" : " ranks") +
           " may need " + mebibytes(room.ranks * per_rank);
}

constexpr std::string_view enlarge =
    "; give the container more (docker --shm-size, an emptyDir of medium Memory at /dev/shm)";

// MPICH knows no other place than /dev/shm. The setting must be the same for all ranks of a job, so
// that it is not for one node to make.
constexpr std::string_view mpich_without_shm =
    "; if MPICH fails, -x MPIR_CVAR_NOLOCAL=1 does without";

void mend_single_copy(Remedies& remedies) {
    remedies.defaults.assign(without_single_copy.begin(), without_single_copy.end());
    remedies.notices.push_back(
        {NoticeKind::single_copy,
         "processes may not read each other's memory (seccomp or ptrace_scope): ranks copy twice; "
         "the capability SYS_PTRACE makes large messages faster"});
}

void mend_shm(Remedies& remedies, const wire::UserFacts& facts, const Room& room) {
    const bool is_tiny = process::is_shm_short(facts, room.ranks, process::shm_per_rank_min);
    const std::uint64_t per_rank = is_tiny ? process::shm_per_rank_min : process::shm_per_rank;
    const std::string need = need_of(facts, room, per_rank);
    if (facts.tmp_free < room.ranks * per_rank) {
        remedies.notices.push_back(
            {NoticeKind::no_room, need + "; /tmp has less still" + std::string{enlarge}});
        return;
    }
    for (const char* name : backing_directories)
        remedies.defaults.push_back(std::string{name} + '=' + room.session_directory);
    std::string sentence =
        need + ": the files of Open MPI and UCX are in " + room.session_directory + " instead";
    if (is_tiny) sentence += mpich_without_shm;
    remedies.notices.push_back({is_tiny ? NoticeKind::small_shm : NoticeKind::moved_shm,
                                std::move(sentence) + std::string{enlarge}});
}

}  // namespace

Remedies remedies_for(const wire::UserFacts& facts, const Room& room) {
    Remedies remedies;
    if (process::refuses_single_copy(facts)) mend_single_copy(remedies);
    if (process::is_shm_short(facts, room.ranks)) mend_shm(remedies, facts, room);
    return remedies;
}

std::optional<wire::NodeNotice> notice_of_tmpdir(std::string_view tmpdir) {
    if (tmpdir.size() <= process::directory_length_max) return std::nullopt;
    return wire::NodeNotice{
        NoticeKind::long_tmpdir,
        "TMPDIR has " + std::to_string(tmpdir.size()) +
            " letters: the path of a socket in it may exceed 107; give the ranks a shorter one "
            "(-x TMPDIR=/tmp), or none: vrun makes one for each job"};
}

wire::NodeNotice notice_of_venv(std::string_view venv, const std::string& program) {
    return {NoticeKind::lost_venv,
            "the environment '" + std::string{venv} + "' is not there, '" + program +
                "' is started instead; put it on every node, at the same path"};
}

}  // namespace vrun::shepherd
