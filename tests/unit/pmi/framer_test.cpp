// SPDX-License-Identifier: Apache-2.0
#include "pmi/framer.hpp"

#include <gtest/gtest.h>

namespace vrun::pmi {
namespace {

using Messages = std::vector<std::string>;

Messages taken(Framer& framer) {
    Messages messages;
    while (auto message = framer.take())
        messages.push_back(std::move(*message));
    return messages;
}

TEST(Framer, CutsLines) {
    Framer framer;
    framer.push("cmd=a\ncmd=b x=1\n\ncmd=");
    EXPECT_EQ(taken(framer), (Messages{"cmd=a", "cmd=b x=1", ""}));
    framer.push("c\n");
    EXPECT_EQ(taken(framer), Messages{"cmd=c"});
    EXPECT_FALSE(framer.is_broken());
}

TEST(Framer, CutsCountedMessagesByteByByte) {
    Framer framer;
    framer.speak(Dialect::pmi2);
    Messages messages;
    for (const char byte : std::string{"     6cmd=a;4     cmd=000005c\nd=x"}) {
        framer.push({&byte, 1});
        for (std::string& message : taken(framer))
            messages.push_back(std::move(message));
    }
    EXPECT_EQ(messages, (Messages{"cmd=a;", "cmd=", "c\nd=x"}));
}

TEST(Framer, ChangesItsDialectBetweenTwoMessages) {
    Framer framer;
    framer.push("cmd=init pmi_version=2\n     6cmd=x;");
    EXPECT_EQ(framer.take(), "cmd=init pmi_version=2");
    framer.speak(Dialect::pmi2);
    EXPECT_EQ(taken(framer), Messages{"cmd=x;"});
}

TEST(Framer, RefusesWhatIsNoCount) {
    for (const char* text :
         {"      x", "cmd=get", "    -1", "0x0010", "1 2   ", "999999", " 65537"}) {
        Framer framer;
        framer.speak(Dialect::pmi2);
        framer.push(text);
        EXPECT_FALSE(framer.take()) << text;
        EXPECT_TRUE(framer.is_broken()) << text;
    }
}

TEST(Framer, RefusesALineThatDoesNotEnd) {
    Framer framer;
    framer.push(std::string(message_size_max, 'a'));
    EXPECT_FALSE(framer.take());
    EXPECT_FALSE(framer.is_broken());
    framer.push("a");
    EXPECT_FALSE(framer.take());
    EXPECT_TRUE(framer.is_broken());
    framer.push("\ncmd=b\n");
    EXPECT_FALSE(framer.take()) << "nothing is believed after that";
}

TEST(Framer, RefusesALineThatIsTooLongEvenIfItEnds) {
    Framer framer;
    framer.push(std::string(message_size_max + 1, 'a') + '\n');
    EXPECT_FALSE(framer.take());
    EXPECT_TRUE(framer.is_broken());
}

}  // namespace
}  // namespace vrun::pmi
