// SPDX-License-Identifier: Apache-2.0
// Compares placement and binding with what mpirun of Open MPI 4.1.4 answered: each line of
// stock_placement.txt, made by tests/stock/record_openmpi.py, is one test.
#include "daemon/placement.hpp"
#include "daemon/placement/local.hpp"
#include "launcher/policy_words.hpp"
#include "wire/job_map.hpp"

#include <gtest/gtest.h>
#include <fstream>
#include <map>
#include <sstream>

namespace vrun::daemon {
namespace {

using process::Machine;

struct Question {
    std::string machine, hosts, options, answer;
    std::string why_not;  // set: we answer otherwise, on purpose
};

std::vector<std::string> split(const std::string& line, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (std::size_t end; (end = line.find(separator, start)) != line.npos;
         start = end + separator.size())
        parts.push_back(line.substr(start, end - start));
    parts.push_back(line.substr(start));
    return parts;
}

std::vector<Question> questions() {
    std::vector<Question> all;
    std::ifstream table{VRUN_STOCK_TABLE};
    for (std::string line; std::getline(table, line);) {
        if (line.starts_with("#")) continue;
        auto parts = split(line, " | ");
        if (parts.size() < 4) continue;
        all.push_back({parts[0], parts[1], parts[2], parts[3], parts.size() > 4 ? parts[4] : ""});
    }
    return all;
}

struct Asked {
    wire::Placement policy;
    Ask program;
};

Asked asked(const std::string& options) {
    using Set = void (*)(Asked&, const std::string&);
    static const std::map<std::string, Set> meanings{
        {"-np",
         [](Asked& a, const std::string& v) {
             a.program.count = static_cast<std::uint32_t>(std::stoul(v));
         }},
        {"-N",
         [](Asked& a, const std::string& v) {
             a.policy.per_node = static_cast<std::uint32_t>(std::stoul(v));
         }},
        {"--cpus-per-rank",
         [](Asked& a, const std::string& v) {
             a.policy.cpus_per_rank = static_cast<std::uint32_t>(std::stoul(v));
         }},
        {"--map-by",
         [](Asked& a, const std::string& v) { EXPECT_FALSE(launcher::set_map_by(a.policy, v)); }},
        {"--rank-by",
         [](Asked& a, const std::string& v) { EXPECT_FALSE(launcher::set_rank_by(a.policy, v)); }},
        {"--bind-to",
         [](Asked& a, const std::string& v) { EXPECT_FALSE(launcher::set_bind_to(a.policy, v)); }},
        {"--cpu-set",
         [](Asked& a, const std::string& v) { EXPECT_FALSE(launcher::set_cpu_set(a.policy, v)); }},
    };
    Asked result;
    std::istringstream words{options};
    for (std::string word, value; words >> word;) {
        if (word == "--use-hwthread-cpus") {
            result.policy.hwthreads_are_cpus = wire::Choice::yes;
        } else if (word == "--oversubscribe") {
            result.policy.oversubscribe = wire::Choice::yes;
        } else {
            words >> value;
            meanings.at(word)(result, value);
        }
    }
    return result;
}

// "a:0-1 b:-", a word for each rank, or "refused".
std::string our_answer(const Question& question) {
    const Asked ask = asked(question.options);
    const Machine machine = Machine::synthetic(question.machine).value();
    std::vector<Candidate> nodes;
    std::istringstream hosts{question.hosts};
    for (std::string word; hosts >> word;) {
        const auto parts = split(word, ":");
        nodes.push_back({parts[0], static_cast<std::uint32_t>(std::stoul(parts[1])), 0, &machine});
    }
    const auto result = place(nodes, std::span{&ask.program, 1}, ask.policy);
    if (std::holds_alternative<wire::JobRefused>(result)) return "refused";
    const auto& placed = std::get<Placed>(result);
    std::vector<std::string> words(wire::rank_count(placed.runs));
    for (wire::NodeIndex node = 0; node < placed.nodes.size(); ++node) {
        const auto ranks = wire::ranks_on(placed.runs, node);
        const LocalPart part{
            .ranks_of_app = {static_cast<std::uint32_t>(ranks.size())},
            .around = {.ranks = words.size(), .oversubscribed = placed.oversubscribed}};
        const Bindings bindings = local_bindings(machine, ask.policy, part);
        if (std::holds_alternative<std::string>(bindings)) return "refused";
        const auto& sets = std::get<std::vector<process::CpuSet>>(bindings);
        for (std::size_t i = 0; i < ranks.size(); ++i)
            words[ranks[i]] =
                nodes[placed.nodes[node]].name + ":" + (sets[i].empty() ? "-" : sets[i].text());
    }
    std::string answer;
    for (const std::string& word : words)
        answer += (answer.empty() ? "" : " ") + word;
    return answer;
}

TEST(StockPlacement, IsWhatMpirunAnswered) {
    const auto all = questions();
    EXPECT_GE(all.size(), 200u);
    for (const Question& question : all) {
        const std::string answer = our_answer(question);
        const std::string what =
            question.machine + " | " + question.hosts + " | " + question.options;
        if (question.why_not.empty())
            EXPECT_EQ(answer, question.answer) << what;
        else
            EXPECT_NE(answer, question.answer) << what << " is not an exception any more";
    }
}

}  // namespace
}  // namespace vrun::daemon
