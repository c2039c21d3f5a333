// SPDX-License-Identifier: Apache-2.0
#include "pmi/server.hpp"

#include "wire/job_id.hpp"

#include <gtest/gtest.h>
#include <random>

namespace vrun::pmi {
namespace {

// Ranks 0 and 1 of four, of two programs; what the server wants done is written as text.
class PmiServer : public testing::Test {
protected:
    static ServerSetup setup() {
        return {.kvs_name = "kvs_j",
                .size = 4,
                .universe_size = "8",
                .process_mapping = "(vector,(0,2,2))",
                .apps = {{0, 0}, {1, 5}},
                .room = {.changes = 4096, .all = 4096}};
    }

    // What is sent to `rank` when it says that; everything else is appended to `done`.
    std::string ask(Rank rank, std::string_view text) {
        return sort(rank, server.receive(rank, text));
    }
    std::string ask2(Rank rank, const std::string& body) { return ask(rank, counted(body)); }

    std::string sort(Rank rank, const Actions& actions) {
        std::string answers;
        for (const Action& action : actions) {
            const auto* answer = std::get_if<Answer>(&action);
            if (answer && answer->rank == rank)
                answers += answer->text;
            else
                done += text_of(action);
        }
        return answers;
    }

    std::string text_of(const Action& action) {
        if (const auto* answer = std::get_if<Answer>(&action))
            return "to " + std::to_string(answer->rank) + ": " + answer->text;
        if (const auto* entered = std::get_if<Entered>(&action))
            return "in " + std::to_string(entered->rank) + "; ";
        if (const auto* left = std::get_if<Left>(&action))
            return "out " + std::to_string(left->rank) + "; ";
        if (const auto* abort = std::get_if<Abort>(&action))
            return "abort " + std::to_string(abort->code) + "; ";
        if (const auto* barrier = std::get_if<Barrier>(&action)) {
            changes = barrier->changes;
            return "barrier; ";
        }
        return "hang up " + std::to_string(std::get<HangUp>(action).rank) + "; ";
    }

    static std::string counted(const std::string& body) {
        const std::string count = std::to_string(body.size());
        return std::string(6 - count.size(), ' ') + count + body;
    }

    void speak_pmi2(Rank rank) {
        ask(rank, "cmd=init pmi_version=2 pmi_subversion=0\n");
        done.clear();
    }

    Server server{setup()};
    std::string done;
    Bytes changes;
};

TEST_F(PmiServer, AnswersEveryVerbOfPmi1) {
    const std::pair<const char*, const char*> rows[] = {
        {"cmd=init pmi_version=1 pmi_subversion=1",
         "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0"},
        {"cmd=init pmi_version=3 pmi_subversion=0",
         "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=-1"},
        {"cmd=get_maxes", "cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024"},
        {"cmd=get_appnum", "cmd=appnum appnum=5"},
        {"cmd=get_my_kvsname", "cmd=my_kvsname kvsname=kvs_j"},
        {"cmd=get_universe_size", "cmd=universe_size size=8"},
        {"cmd=get kvsname=kvs_j key=PMI_process_mapping",
         "cmd=get_result rc=0 msg=success value=(vector,(0,2,2))"},
        {"cmd=get kvsname=kvs_j key=k", "cmd=get_result rc=-1 msg=key_not_found value=unknown"},
        {"cmd=put kvsname=kvs_j key=k value=a=b", "cmd=put_result rc=0 msg=success"},
        {"cmd=get kvsname=kvs_j key=k", "cmd=get_result rc=0 msg=success value=a=b"},
        {"cmd=get kvsname=other key=k", "cmd=get_result rc=-1 msg=key_not_found value=unknown"},
        {"cmd=put kvsname=other key=k value=v", "cmd=put_result rc=-1 msg=kvs_of_another_job"},
        {"cmd=put kvsname=kvs_j value=v", "cmd=put_result rc=-1 msg=no_key"},
        {"cmd=publish_name service=s port=p",
         "cmd=publish_result info=not_supported_by_vrun rc=-1 msg=not_supported_by_vrun"},
        {"cmd=lookup_name service=s",
         "cmd=lookup_result info=not_supported_by_vrun rc=-1 msg=not_supported_by_vrun"},
        {"cmd=getbyidx kvsname=kvs_j idx=0",
         "cmd=getbyidx_results info=not_supported_by_vrun rc=-1 msg=not_supported_by_vrun"},
        {"cmd=dance",
         "cmd=dance_result info=not_supported_by_vrun rc=-1 msg=not_supported_by_vrun"},
        {"cmd=barrier_in group=0", "cmd=barrier_out rc=-1 msg=not_supported_by_vrun"},
        {"cmd=finalize", "cmd=finalize_ack"},
    };
    for (const auto& [said, heard] : rows)
        EXPECT_EQ(ask(1, std::string{said} + '\n'), std::string{heard} + '\n') << said;
    EXPECT_EQ(done, "in 1; out 1; ");
}

TEST_F(PmiServer, AnswersEveryVerbOfPmi2) {
    EXPECT_EQ(ask(1, "cmd=init pmi_version=2 pmi_subversion=0\n"),
              "cmd=response_to_init pmi_version=2 pmi_subversion=0 rc=0\n");
    const std::pair<const char*, const char*> rows[] = {
        {"cmd=fullinit;pmirank=1;",
         "cmd=fullinit-response;pmi-version=2;pmi-subversion=0;rank=1;size=4;appnum=5;"
         "debugged=FALSE;pmiverbose=FALSE;rc=0;"},
        {"cmd=job-getid;thrid=0x7;", "cmd=job-getid-response;thrid=0x7;jobid=kvs_j;rc=0;"},
        {"cmd=info-getjobattr;key=PMI_process_mapping;",
         "cmd=info-getjobattr-response;found=TRUE;value=(vector,(0,2,2));rc=0;"},
        {"cmd=info-getjobattr;key=universeSize;",
         "cmd=info-getjobattr-response;found=TRUE;value=8;rc=0;"},
        {"cmd=info-getjobattr;key=hasNameServ;", "cmd=info-getjobattr-response;found=FALSE;rc=0;"},
        {"cmd=kvs-put;key=k;value=a b;", "cmd=kvs-put-response;rc=0;"},
        {"cmd=kvs-get;jobid=kvs_j;srcid=-1;key=k;",
         "cmd=kvs-get-response;found=TRUE;value=a b;rc=0;"},
        {"cmd=kvs-get;key=k;", "cmd=kvs-get-response;found=TRUE;value=a b;rc=0;"},
        {"cmd=kvs-get;jobid=kvs_j;key=-NONEXIST-KEY;", "cmd=kvs-get-response;found=FALSE;rc=0;"},
        {"cmd=kvs-get;jobid=other;key=k;", "cmd=kvs-get-response;found=FALSE;rc=0;"},
        {"cmd=info-getnodeattr;key=n;", "cmd=info-getnodeattr-response;found=FALSE;rc=0;"},
        {"cmd=info-putnodeattr;key=n;value=v;", "cmd=info-putnodeattr-response;rc=0;"},
        {"cmd=info-getnodeattr;key=n;wait=TRUE;",
         "cmd=info-getnodeattr-response;found=TRUE;value=v;rc=0;"},
        {"cmd=kvs-get;key=n;", "cmd=kvs-get-response;found=FALSE;rc=0;"},
        {"cmd=spawn;thrid=3;ncmds=1;",
         "cmd=spawn-response;thrid=3;rc=-1;errmsg=not supported by vrun;"},
        {"cmd=name-publish;name=n;port=p;",
         "cmd=name-publish-response;rc=-1;errmsg=not supported by vrun;"},
        {"cmd=finalize;", "cmd=finalize-response;rc=0;"},
    };
    for (const auto& [said, heard] : rows)
        EXPECT_EQ(ask2(1, said), counted(heard)) << said;
    EXPECT_EQ(done, "in 1; out 1; ");
}

TEST_F(PmiServer, ExchangesWhatWasPutWhenAllAreAtTheBarrier) {
    speak_pmi2(1);
    ask(0, "cmd=put kvsname=kvs_j key=a value=1\n");
    EXPECT_EQ(ask(0, "cmd=barrier_in\n"), "");
    ask2(1, "cmd=kvs-put;key=b;value=2;");
    EXPECT_EQ(done, "") << "rank 1 is not there yet";
    EXPECT_EQ(ask2(1, "cmd=kvs-fence;thrid=9;"), "");
    EXPECT_EQ(done, "barrier; ");

    Server other{setup()};
    EXPECT_TRUE(other.barrier_done(true, changes).empty());
    const auto got = other.receive(0, "cmd=get kvsname=kvs_j key=b\n");
    EXPECT_EQ(std::get<Answer>(got.at(0)).text, "cmd=get_result rc=0 msg=success value=2\n");

    done.clear();
    EXPECT_EQ(sort(0, server.barrier_done(true, changes)), "cmd=barrier_out\n");
    EXPECT_EQ(done, "to 1: " + counted("cmd=kvs-fence-response;thrid=9;rc=0;"));
}

TEST_F(PmiServer, TellsThoseAtABarrierThatItFailed) {
    speak_pmi2(1);
    ask(0, "cmd=barrier_in\n");
    ask2(1, "cmd=kvs-fence;");
    done.clear();
    EXPECT_EQ(sort(0, server.barrier_done(false, {})),
              "cmd=barrier_out rc=-1 msg=the_job_has_failed\n");
    EXPECT_EQ(done, "to 1: " + counted("cmd=kvs-fence-response;rc=-1;errmsg=the job has failed;"));
}

TEST_F(PmiServer, CountsNobodyTwiceAtABarrier) {
    ask(0, "cmd=barrier_in\n");
    EXPECT_EQ(ask(0, "cmd=barrier_in\n"), "cmd=barrier_out rc=-1 msg=not_supported_by_vrun\n");
    EXPECT_EQ(done, "");
}

TEST_F(PmiServer, LetsRanksWaitForAnAttributeOfTheirNode) {
    speak_pmi2(0);
    speak_pmi2(1);
    EXPECT_EQ(ask2(0, "cmd=info-getnodeattr;thrid=1;key=n;wait=TRUE;"), "");
    EXPECT_EQ(ask2(0, "cmd=info-getnodeattr;thrid=2;key=m;wait=TRUE;"), "");
    EXPECT_EQ(ask2(1, "cmd=info-putnodeattr;key=n;value=v;"),
              counted("cmd=info-putnodeattr-response;rc=0;"));
    EXPECT_EQ(done,
              "to 0: " + counted("cmd=info-getnodeattr-response;thrid=1;found=TRUE;value=v;rc=0;"));
}

TEST_F(PmiServer, LetsARankWaitForSoManyAttributesOnly) {
    speak_pmi2(0);
    for (int i = 0; i < 64; ++i)
        EXPECT_EQ(ask2(0, "cmd=info-getnodeattr;key=n;wait=TRUE;"), "");
    EXPECT_NE(ask2(0, "cmd=info-getnodeattr;key=n;wait=TRUE;").find("rc=-1"), std::string::npos);
}

TEST_F(PmiServer, TakesAnAbortAsTheLastWord) {
    const std::pair<const char*, const char*> rows[] = {
        {"cmd=abort exitcode=42\n", "abort 42; "},
        {"cmd=abort exitcode=940137231 message=Fatal error in MPI_Init:\ncmd=finalize\n",
         "abort 940137231; "},
        {"cmd=abort exitcode=-1\n", "abort -1; "},
        {"cmd=abort\n", "abort 1; "},
        {"cmd=abort exitcode=99999999999\n", "abort 1; "},
    };
    for (const auto& [said, expected] : rows) {
        server = Server{setup()};
        done.clear();
        EXPECT_EQ(ask(0, said), "");
        EXPECT_EQ(ask(0, "cmd=get_maxes\n"), "");
        EXPECT_EQ(done, expected) << said;
    }
    speak_pmi2(1);
    ask2(1, "cmd=abort;exitcode=7;message=a b;");
    EXPECT_EQ(done, "abort 7; ");
}

TEST_F(PmiServer, RefusesASpawnOfSeveralProgramsOnce) {
    const std::string refusal = "cmd=spawn_result rc=-1 msg=not_supported_by_vrun\n";
    EXPECT_EQ(
        ask(0, "mcmd=spawn\nnprocs=2\nexecname=/bin/a b\ntotspawns=2\nspawnssofar=1\nendcmd\n"),
        "");
    EXPECT_EQ(ask(0, "mcmd=spawn\nnprocs=2\nexecname=x\ntotspawns=2\nspawnssofar=2\nendcmd\n"),
              refusal);
    EXPECT_EQ(ask(0, "mcmd=spawn\nnprocs=2\nexecname=x\nendcmd\n"), refusal);
    EXPECT_EQ(ask(0, "cmd=get_appnum\n"), "cmd=appnum appnum=0\n");
}

TEST_F(PmiServer, HangsUpOnWhoSpeaksSomethingElse) {
    for (const char* text : {"GET / HTTP/1.1\n", "\n", "cmd\n", "cmd=\n"}) {
        server = Server{setup()};
        done.clear();
        EXPECT_EQ(ask(0, text), "") << text;
        EXPECT_EQ(done, "hang up 0; ") << text;
        EXPECT_EQ(ask(0, "cmd=get_maxes\n"), "") << "it is not heard any more";
        EXPECT_EQ(ask(1, "cmd=get_appnum\n"), "cmd=appnum appnum=5\n") << "its neighbour is";
    }
}

TEST_F(PmiServer, TakesNoMoreThanThereIsRoomFor) {
    const std::string value(1000, 'x');
    int accepted = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string put =
            "cmd=put kvsname=kvs_j key=" + std::to_string(i) + " value=" + value;
        accepted += ask(0, put + '\n') == "cmd=put_result rc=0 msg=success\n";
    }
    EXPECT_EQ(accepted, 4);
}

TEST_F(PmiServer, SurvivesWhateverRanksSend) {
    const std::string_view words[] = {"cmd=",
                                      "mcmd=spawn",
                                      "endcmd",
                                      "init",
                                      "get",
                                      "put",
                                      "barrier_in",
                                      "finalize",
                                      "kvs-fence",
                                      "info-getnodeattr",
                                      "info-putnodeattr",
                                      "pmi_version=2",
                                      "kvsname=kvs_j",
                                      "key=a",
                                      "value=b",
                                      "wait=TRUE",
                                      "thrid=1",
                                      " ",
                                      ";",
                                      "\n",
                                      "=",
                                      "    10",
                                      "     0",
                                      std::string_view("\0\xff", 2)};
    std::mt19937 random{42};
    for (int round = 0; round < 2000; ++round) {
        Server victim{setup()};
        for (int piece = 0; piece < 60; ++piece) {
            const auto rank = static_cast<Rank>(random() % 2);
            const std::string_view word = words[random() % std::size(words)];
            for (const Action& action : victim.receive(rank, word))
                if (const auto* barrier = std::get_if<Barrier>(&action))
                    victim.barrier_done(random() % 2 == 0, barrier->changes);
        }
    }
}

TEST(PmiServerSetup, DescribesTheJobFromOneNode) {
    wire::LaunchJob launch;
    launch.job = 5;
    launch.nodes = {{.incarnation = 1, .name = "a", .address = "", .port = 0, .slots = 3},
                    {.incarnation = 2, .name = "b", .address = "", .port = 0, .slots = 3}};
    launch.runs = {{.node = 0, .first_rank = 0, .count = 2, .app = 0},
                   {.node = 1, .first_rank = 2, .count = 1, .app = 0},
                   {.node = 1, .first_rank = 3, .count = 1, .app = 1}};
    const ServerSetup setup = server_setup(launch, 1);
    EXPECT_EQ(setup.kvs_name, "kvs_" + wire::id_text(5));
    EXPECT_EQ(setup.size, 4u);
    EXPECT_EQ(setup.universe_size, "6");
    EXPECT_EQ(setup.process_mapping, "(vector,(0,2,2))");
    EXPECT_EQ(setup.apps, (std::map<Rank, std::uint32_t>{{2, 0}, {3, 1}}));
    const auto all = wire::body_size_max(wire::MessageType::fence_contribution, {4, 2});
    EXPECT_LE(server_setup(launch, 0).room.changes + setup.room.changes, all);
}

}  // namespace
}  // namespace vrun::pmi
