// SPDX-License-Identifier: Apache-2.0
#include "launcher/job_words.hpp"

#include "wire/base/escape.hpp"
#include "wire/job_id.hpp"
#include "wire/job_map.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

namespace vrun::launcher {
namespace {

using wire::FailureKind;

std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string place_of(const wire::Failure& failure) {
    const std::string node = "node " + escaped(failure.node_name);
    if (failure.has_rank)
        return "rank " + std::to_string(failure.rank) +
               (failure.node_name.empty() ? "" : " on " + node);
    return failure.node_name.empty() ? "the job" : node;
}

std::string with_text(std::string sentence, const std::string& text) {
    return text.empty() ? sentence : sentence + ": " + escaped(text);
}

std::string sentence_of(const wire::Failure& failure) {
    const std::string place = place_of(failure);
    const std::string code = std::to_string(failure.code);
    switch (failure.kind) {
    case FailureKind::none:
        return {};
    case FailureKind::exited:
        return with_text(place + " exited with code " + code, failure.text);
    case FailureKind::signaled:
        return with_text(place + " was killed by " + signal_text(failure.code), failure.text);
    case FailureKind::not_finalized:
        return place + " exited with code 0 after MPI_Init and without MPI_Finalize";
    case FailureKind::aborted:
        return with_text(place + " called MPI_Abort with code " + code, failure.text);
    case FailureKind::not_started:
        return with_text(place + " did not start", failure.text);
    case FailureKind::node_lost:
        return with_text(place + " is lost", failure.text);
    case FailureKind::cancelled:
        if (failure.code == 0) return with_text("the job was cancelled", failure.text);
        return with_text("the job was cancelled by " + signal_text(failure.code), failure.text);
    case FailureKind::client_gone:
        return with_text("the job was ended because nobody reads its output any more",
                         failure.text);
    case FailureKind::lease_expired:
        return with_text(place + " ended the job: no word from the job's controller", failure.text);
    case FailureKind::timed_out:
        return with_text("the job's time is over", failure.text);
    }
    return {};
}

std::string_view hint_of(const wire::Failure& failure) {
    if (failure.kind == FailureKind::signaled && failure.code == SIGBUS)
        return "a full /dev/shm or /tmp kills so; `vrunctl doctor` and docs/containers.md tell "
               "more";
    if (failure.kind != FailureKind::not_started) return {};
    if (failure.exit_code == wire::exit_code::not_found)
        return "the program must be there on every node of the job: by its path, or on PATH there";
    const bool is_missing = failure.code == ENOENT || failure.code == ENOTDIR;  // a directory
    if (failure.exit_code == wire::exit_code::not_executable && !is_missing)
        return "it must be a program that you may run on every node of the job (chmod +x, file "
               "system)";
    return {};
}

}  // namespace

Lines map_lines(wire::JobId job, const wire::JobAccepted& accepted) {
    Lines lines{"job " + wire::id_text(job) + ": " +
                counted(wire::rank_count(accepted.runs), "rank") + " on " +
                counted(accepted.nodes.size(), "node")};
    for (wire::NodeIndex node = 0; node < accepted.nodes.size(); ++node) {
        const wire::JobNode& there = accepted.nodes[node];
        const std::string address =
            there.address.empty() ? "" : " (" + escaped(there.address) + ")";
        lines.push_back("  " + escaped(there.name) + address + ": " +
                        ranks_text(accepted.runs, node));
    }
    lines.push_back(accepted.network.empty() ? "network: none needed, all ranks are on one node"
                                             : "network: " + escaped(accepted.network));
    return lines;
}

Lines failure_lines(const wire::Failure& failure) {
    if (failure.kind == FailureKind::none) return {};
    Lines lines{sentence_of(failure)};
    if (const std::string_view hint = hint_of(failure); !hint.empty()) lines.emplace_back(hint);
    return lines;
}

bool lacks_python_module(const wire::Bytes& said) {
    constexpr std::string_view words = "No module named ";
    const std::string_view text{reinterpret_cast<const char*>(said.data()), said.size()};
    return text.find(words) != text.npos;
}

std::string missing_module_line(const wire::Failure& failure, std::string_view program) {
    const bool is_python = program.find("python") != program.npos;
    const std::string interpreter = is_python ? escaped(program) : "python3";
    return "the module must be there on every node; this shows where " + place_of(failure) +
           " looks: vrun --host " + escaped(failure.node_name) + " -n 1 " + interpreter +
           " -c 'import sys; print(sys.path)'";
}

std::string node_lost_line(const wire::NodeLost& lost, wire::JobId job,
                           const wire::JobAccepted& accepted) {
    std::string line = "node " + escaped(lost.name);
    if (!lost.address.empty()) line += " (" + escaped(lost.address) + ")";
    line = with_text(line + " is lost", lost.reason);
    return line + "; " + ranks_text(accepted.runs, lost.node) + " of job " + wire::id_text(job) +
           " ran there";
}

std::string ranks_text(const std::vector<wire::RankRun>& runs, wire::NodeIndex node) {
    struct Range {
        wire::Rank first, last;
    };
    std::vector<Range> ranges;
    std::size_t count = 0;
    for (const wire::RankRun& run : runs) {
        if (run.node != node || run.count == 0) continue;
        const wire::Rank last = run.first_rank + run.count - 1;
        count += run.count;
        if (!ranges.empty() && ranges.back().last + 1 == run.first_rank)
            ranges.back().last = last;
        else
            ranges.push_back({run.first_rank, last});
    }
    if (count == 0) return "no rank";
    std::string text = count == 1 ? "rank " : "ranks ";
    for (const Range& range : ranges) {
        text += std::to_string(range.first);
        if (range.last > range.first) text += "-" + std::to_string(range.last);
        text += ", ";
    }
    text.resize(text.size() - 2);
    return text;
}

std::string signal_text(int number) {
    const char* name = ::sigabbrev_np(number);
    const std::string text = "signal " + std::to_string(number);
    return name ? text + " (SIG" + name + ")" : text;
}

int exit_code_of(std::int32_t code) {
    return code != 0 && (code & 0xff) == 0 ? 1 : code & 0xff;
}

Lines escaped_lines(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::size_t size = text.find('\n');
        lines.push_back(escaped(text.substr(0, size)));
        text.remove_prefix(size == text.npos ? text.size() : size + 1);
    }
    return lines;
}

}  // namespace vrun::launcher
