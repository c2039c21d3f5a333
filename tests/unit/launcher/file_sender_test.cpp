// SPDX-License-Identifier: Apache-2.0
#include "launcher/file_sender.hpp"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>

namespace vrun::launcher {
namespace {

class FileSenderTest : public testing::Test {
protected:
    FileSenderTest() {
        std::string pattern = testing::TempDir() + "vrun-file-sender.XXXXXX";
        directory = ::mkdtemp(pattern.data());
    }
    ~FileSenderTest() override { std::filesystem::remove_all(directory); }

    // Describes what the file holds now.
    void add(const std::string& name, const std::string& text) {
        sources.push_back(directory + "/" + name);
        std::ofstream{sources.back()} << text;
        files::Digest digest;
        digest.add(wire::bytes_of(text));
        wire::PreloadFile file;
        file.name = name;
        file.size = text.size();
        file.digest = digest.finish();
        described.push_back(file);
        got.emplace_back();
    }
    FileSender& sender() {
        if (!sender_) {
            sender_.emplace(sources, FileSender::Events{
                                         [this](const wire::FileData& data) {
                                             got[data.file] += wire::view_as_text(data.bytes);
                                             sent += data.bytes.size();
                                         },
                                         [this](const Error& error) { errors.push_back(error); }});
            sender_->describe(described);
        }
        return *sender_;
    }

    std::string directory;
    std::vector<std::string> sources, got;
    std::vector<wire::PreloadFile> described;
    std::vector<Error> errors;
    std::size_t sent = 0;

private:
    std::optional<FileSender> sender_;
};

TEST_F(FileSenderTest, SendsWhatIsWantedAndNoMoreThanThereIsCreditFor) {
    const std::string large(2 * wire::file_window + 5, 'x');
    add("large", large);
    add("unwanted", "u");
    add("small", "s");
    sender().want({0, 2});
    EXPECT_EQ(sent, wire::file_window);
    sender().add_credit(100);
    EXPECT_EQ(sent, wire::file_window + 100);
    sender().add_credit(2 * wire::file_window);
    EXPECT_EQ(got, (std::vector<std::string>{large, "", "s"}));
    EXPECT_TRUE(errors.empty());
}

TEST_F(FileSenderTest, NoticesThatAFileChanged) {
    struct Row {
        const char* what;
        void (*change)(const std::string& path);
        const char* said;
    };
    const std::array rows{
        Row{"content", [](const std::string& path) { std::ofstream{path} << "HELLO"; },
            "its content has changed"},
        Row{"size", [](const std::string& path) { std::ofstream{path} << "hell"; },
            "become shorter"},
        Row{"gone", [](const std::string& path) { std::filesystem::remove(path); }, "open it"},
    };
    for (const Row& row : rows) {
        FileSenderTest::add(row.what, "hello");
        row.change(sources.back());
    }
    for (std::uint32_t file = 0; file < rows.size(); ++file) {
        sender().want({file});
        ASSERT_EQ(errors.size(), file + 1) << rows[file].what;
        EXPECT_NE(errors.back().doing.find(rows[file].said), std::string::npos)
            << errors.back().doing;
        EXPECT_NE(errors.back().doing.find(sources[file]), std::string::npos);
    }
    EXPECT_EQ(got[0], "") << "the last piece, which would complete it, is not sent";
}

TEST_F(FileSenderTest, IsSilentAfterStop) {
    add("large", std::string(2 * wire::file_window, 'x'));
    sender().want({0, 7});
    sender().stop();
    const std::size_t before = sent;
    sender().add_credit(wire::file_window);
    EXPECT_EQ(sent, before);
}

}  // namespace
}  // namespace vrun::launcher
