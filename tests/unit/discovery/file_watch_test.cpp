// SPDX-License-Identifier: Apache-2.0
#include "discovery/file_watch.hpp"

#include "tests/support/loop.hpp"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>

namespace vrun::discovery {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A watched file `hosts` in a directory that may not be there yet.
class Scene {
public:
    explicit Scene(asio::any_io_executor loop, const std::string& under = "")
        : turn_{loop},
          directory_{made()},
          path{directory_ / under / "hosts"},
          watch_{loop, {path}, [this] { ++changes_; }} {
        watch_.start();
    }
    ~Scene() { fs::remove_all(directory_); }

    void write(const fs::path& to, const std::string& text) { std::ofstream{to} << text; }
    fs::path beside(const std::string& name) const { return path.parent_path() / name; }

    // Until it told of a change that nobody asked for yet.
    asio::awaitable<void> changed() {
        while (changes_ == 0)
            co_await wait(1ms);
        changes_ = 0;
    }
    // Long enough for one to be told.
    asio::awaitable<void> quiet() {
        co_await wait(100ms);
        EXPECT_EQ(changes_, 0);
    }
    asio::awaitable<void> end() {
        watch_.stop();
        co_await watch_.join();
    }
    FileWatch& watch() { return watch_; }

private:
    static fs::path made() {
        std::string name = (fs::temp_directory_path() / "vrun-file-watch-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    asio::awaitable<void> wait(std::chrono::milliseconds time) {
        turn_.expires_after(time);
        co_await turn_.async_wait(asio::use_awaitable);
    }

    asio::steady_timer turn_;
    fs::path directory_;

public:
    const fs::path path;

private:
    int changes_ = 0;
    FileWatch watch_;
};

using Play = asio::awaitable<void> (*)(Scene&);

void play(Play body, const std::string& under = "") {
    test::run_loop([&](asio::any_io_executor loop) -> asio::awaitable<void> {
        Scene scene{loop, under};
        co_await body(scene);
        co_await scene.end();
    });
}

TEST(FileWatch, TellsOfAFileThatAppearsIsWrittenAndGoes) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.write(scene.path, "a");
        co_await scene.changed();
        scene.write(scene.path, "bb");
        co_await scene.changed();
        fs::remove(scene.path);
        co_await scene.changed();
    });
}

TEST(FileWatch, TellsOfAFileThatTakesItsPlace) {
    play([](Scene& scene) -> asio::awaitable<void> {
        for (const std::string text : {"a", "b"}) {
            scene.write(scene.beside("new"), text);
            fs::rename(scene.beside("new"), scene.path);
            co_await scene.changed();
        }
    });
}

// As Kubernetes shows a ConfigMap: hosts -> ..data/hosts, ..data -> ..2, which changes.
TEST(FileWatch, TellsOfALinkThatLeadsElsewhere) {
    play([](Scene& scene) -> asio::awaitable<void> {
        for (const std::string version : {"..1", "..2"}) {
            fs::create_directory(scene.beside(version));
            scene.write(scene.beside(version) / "hosts", version);
        }
        fs::create_directory_symlink("..1", scene.beside("..data"));
        fs::create_symlink("..data/hosts", scene.path);
        co_await scene.changed();
        fs::create_directory_symlink("..2", scene.beside("..tmp"));
        fs::rename(scene.beside("..tmp"), scene.beside("..data"));
        co_await scene.changed();
    });
}

TEST(FileWatch, WaitsForDirectoriesAndFollowsThem) {
    play(
        [](Scene& scene) -> asio::awaitable<void> {
            const fs::path directory = scene.path.parent_path();
            for (int round = 0; round < 2; ++round) {
                fs::create_directories(directory);
                scene.write(scene.path, "a");
                co_await scene.changed();
                scene.write(scene.path, "bb");
                co_await scene.changed();
                fs::remove_all(directory.parent_path());
                co_await scene.changed();
            }
        },
        "one/two");
}

TEST(FileWatch, DoesNotCareForOtherFiles) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.write(scene.beside("other"), "a");
        co_await scene.quiet();
        scene.write(scene.path, "a");
        co_await scene.changed();
    });
}

TEST(FileWatch, StopsAndStartsAgain) {
    play([](Scene& scene) -> asio::awaitable<void> {
        scene.watch().stop();
        scene.write(scene.path, "a");
        co_await scene.quiet();
        scene.watch().start();
        scene.write(scene.path, "bb");
        co_await scene.changed();
    });
}

}  // namespace
}  // namespace vrun::discovery
