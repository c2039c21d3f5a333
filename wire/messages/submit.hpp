// SPDX-License-Identifier: Apache-2.0
// wire/messages/submit: what vrun asks of its daemon.
// vrun reads files as its user and sends their text; the daemon interprets it.
// Identity is not in here: the daemon asks the kernel who called.
#pragma once

#include "wire/archive.hpp"
#include "wire/message_type.hpp"
#include "wire/messages/placement.hpp"
#include "wire/messages/preload.hpp"
#include "wire/messages/tolerance.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vrun::wire {

struct App {  // one program of a job; MPMD jobs have several
    std::vector<std::string> argv;
    std::uint32_t count = 0;  // ranks; 0: one per slot
    std::string workdir;
    std::vector<std::string> environment = {};  // "NAME=value", added to the job's
    std::vector<std::string> host_words = {};   // each --host value: "a:2,b"
    std::vector<ListText> host_files = {};      // each --hostfile

    template <class Archive>
    void serialize(Archive& archive) {
        archive(argv, count, workdir, environment, host_words, host_files);
    }
};

// What vrun is to show of the plan, on its standard output.
struct Display {
    bool allocation = false;
    bool map = false;
    bool topology = false;
    bool bindings = false;  // of each rank, read back from it once it runs

    template <class Archive>
    void serialize(Archive& archive) {
        archive(allocation, map, topology, bindings);
    }
};

enum class InputTo : std::uint8_t { one, all, none };
constexpr bool valid(InputTo to) {
    return to <= InputTo::none;
}

struct Streams {  // what becomes of the ranks' standard input, output and error
    InputTo input_to = InputTo::one;
    Rank input_rank = 0;        // of `one`
    bool merge_stderr = false;  // standard error goes where standard output goes, in order

    bool is_reader(Rank rank) const {
        return input_to == InputTo::all || (input_to == InputTo::one && rank == input_rank);
    }

    template <class Archive>
    void serialize(Archive& archive) {
        archive(input_to, input_rank, merge_stderr);
    }
};

struct ResourceLimit {          // a soft limit of the caller; hard limits are never raised
    std::int32_t resource = 0;  // RLIMIT_*
    std::uint64_t soft = 0;

    bool operator==(const ResourceLimit&) const = default;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(resource, soft);
    }
};

inline constexpr std::uint32_t universe_infinite = 0xffff'ffff;

enum class JobKind : std::uint8_t {
    ranks,
    // Of vrsh: one command line, argv[0] of the only app, for the user's login shell on one node;
    // empty: that shell alone. No slots, no wire-up. Lives until its last descendant has ended.
    shell,
};
constexpr bool valid(JobKind kind) {
    return kind <= JobKind::shell;
}

struct SubmitJob {
    static constexpr auto type = MessageType::submit_job;
    JobKind kind = JobKind::ranks;
    std::vector<App> apps;
    std::vector<std::string> host_words;  // of all programs together
    std::vector<ListText> host_files;
    Placement placement;
    Display display;
    bool plan_only = false;                // --do-not-launch: answered by ShownPlan alone
    std::vector<std::string> environment;  // of every rank
    std::uint32_t umask = 022;
    std::vector<ResourceLimit> limits;
    Streams streams;
    std::uint32_t universe = 0;  // MPI_UNIVERSE_SIZE; 0: the slots of the nodes
    std::vector<PreloadFile> files;
    Tolerance tolerance;
    bool shows_progress = false;  // wants Progress and StartProgress
    std::uint32_t ttl_ms = 0;     // as in LaunchJob
    std::uint32_t wait_s = 0;     // for hosts and slots that are not there yet

    template <class Archive>
    void serialize(Archive& archive) {
        archive(kind, apps, host_words, host_files, placement, display, plan_only, environment,
                umask, limits, streams, universe, files, tolerance, shows_progress, ttl_ms, wait_s);
    }
};

}  // namespace vrun::wire
