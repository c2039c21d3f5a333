// SPDX-License-Identifier: Apache-2.0
#include "pmi/command.hpp"

#include <gtest/gtest.h>

namespace vrun::pmi {
namespace {

using enum Dialect;

TEST(Command, ReadsNameAndFields) {
    const auto line = parse(pmi1, "cmd=put kvsname=kvs_1 key=a value=x=y");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->name, "put");
    EXPECT_EQ((*line)["kvsname"], "kvs_1");
    EXPECT_EQ((*line)["value"], "x=y") << "only the first = separates";
    EXPECT_EQ((*line)["nothing"], "");

    const auto counted = parse(pmi2, "cmd=kvs-put;thrid=0x1;key=a b;value=c;");
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->name, "kvs-put");
    EXPECT_EQ((*counted)["key"], "a b") << "blanks end nothing in PMI-2";
    EXPECT_EQ((*counted)["thrid"], "0x1");
}

TEST(Command, TakesWordsAloneEmptyValuesAndSpareSeparators) {
    const auto command = parse(pmi1, "cmd=x   word empty=  a=1 ");
    ASSERT_TRUE(command);
    EXPECT_TRUE(command->find("word"));
    EXPECT_TRUE(command->find("empty"));
    EXPECT_FALSE(command->find(""));
    EXPECT_EQ((*command)["a"], "1");
}

TEST(Command, IsNoneWithoutAName) {
    for (const char* text :
         {"", " ", "cmd", "cmd=", "cmd= a=1", "get key=a", " cmd=get", "=", "\n"})
        EXPECT_FALSE(parse(pmi1, text)) << text;
    for (const char* text : {"", ";", "cmd=;", "mcmd=spawn;", "key=a;cmd=get;"})
        EXPECT_FALSE(parse(pmi2, text)) << text;
}

TEST(Command, IsWrittenInBothDialects) {
    const Field fields[] = {{"rc", "0"}, {"msg", "success"}};
    EXPECT_EQ(encode(pmi1, "put_result", fields), "cmd=put_result rc=0 msg=success\n");
    EXPECT_EQ(encode(pmi1, "barrier_out", {}), "cmd=barrier_out\n");
    EXPECT_EQ(encode(pmi2, "kvs-put-response", fields),
              "    38cmd=kvs-put-response;rc=0;msg=success;");
}

}  // namespace
}  // namespace vrun::pmi
