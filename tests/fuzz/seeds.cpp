// SPDX-License-Identifier: Apache-2.0
// Writes what the binary targets start from: `fuzz_seeds DIRECTORY`. Each message once with all
// fields at their defaults and once with all of them filled, so that a new message or field needs
// nothing here; as frames; and the launch body of small and large jobs.
#include "tests/fuzz/bodies.hpp"

#include "daemon/launch_body.hpp"
#include "wire/frame.hpp"
#include "wire/preload_rules.hpp"

#include <zstd.h>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace vrun::fuzz {
namespace {

namespace fs = std::filesystem;

// Walks the fields as an archive does.
struct Filler {
    template <class... Fields>
    void operator()(Fields&... fields) {
        (fill(fields), ...);
    }

    void fill(bool& value) { value = true; }
    void fill(std::string& text) { text = "w1"; }
    void fill(std::byte& byte) { byte = std::byte{'x'}; }
    template <class T>
        requires std::is_arithmetic_v<T>
    void fill(T& number) {
        number = static_cast<T>(++last_number_);
    }
    template <class T>
        requires std::is_enum_v<T>
    void fill(T&) {}  // its default is a value that is allowed
    template <class T>
    void fill(std::vector<T>& values) {
        for (T& value : values = std::vector<T>(2))
            fill(value);
    }
    template <class T>
        requires std::is_class_v<T>
    void fill(T& fields) {
        fields.serialize(*this);
    }

private:
    int last_number_ = 0;
};

class Seeds {
public:
    explicit Seeds(fs::path directory) : directory_{std::move(directory)} {}

    void write(const std::string& target, const wire::Bytes& bytes) {
        const fs::path path = directory_ / target / ("seed-" + std::to_string(++count_));
        fs::create_directories(path.parent_path());
        std::ofstream file{path, std::ios::binary};
        file << wire::view_as_text(bytes);
        if (!file.flush()) throw std::runtime_error{"cannot write " + path.string()};
    }

private:
    fs::path directory_;
    int count_ = 0;
};

void append(wire::Bytes& bytes, std::span<const std::byte> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

// As a link sends it, in two frames.
wire::Bytes frames_of(wire::MessageType type, const wire::Bytes& body) {
    wire::Bytes route;
    if (wire::traits_of(type).routed) append(route, wire::encode(wire::Route{6, 1, 0}));
    const std::size_t half = body.size() / 2;
    const auto first_size = static_cast<std::uint32_t>(route.size() + half);
    const auto second_size = static_cast<std::uint32_t>(body.size() - half);
    wire::Bytes bytes{std::byte{8}};  // the nodes of the job
    append(bytes, wire::encode(wire::Header{type, first_size, /*more=*/true}));
    append(bytes, route);
    append(bytes, std::span{body}.first(half));
    append(bytes, wire::encode(wire::Header{type, second_size, /*more=*/false}));
    append(bytes, std::span{body}.subspan(half));
    return bytes;
}

void write_message(Seeds& seeds, wire::MessageType type, const wire::Bytes& body) {
    wire::Bytes message{static_cast<std::byte>(type)};
    append(message, body);
    seeds.write("message", message);
    seeds.write("frame", frames_of(type, body));
}

template <class Body>
void write_messages(Seeds& seeds) {
    Body body{};
    write_message(seeds, Body::type, wire::to_bytes(body));
    Filler{}(body);
    write_message(seeds, Body::type, wire::to_bytes(body));
}

wire::LaunchJob job_of(std::uint32_t nodes) {
    wire::LaunchJob job;
    Filler{}(job);
    for (wire::PreloadFile& file : job.files) {
        file.apps = {0};
        file.digest.resize(wire::digest_size);
    }
    job.nodes.resize(nodes);
    job.runs.clear();
    for (std::uint32_t i = 0; i < nodes; ++i) {
        job.nodes[i].name = "w" + std::to_string(i);
        job.runs.push_back({i, 2 * i, 2, 0});
    }
    return job;
}

// A few KB that claim to be 28 MB, and those to be 112 MB of strings.
wire::Bytes bomb() {
    wire::LaunchJob job = job_of(1);
    job.environment.assign(3'500'000, "");
    const wire::Bytes content = wire::to_bytes(job);
    constexpr std::size_t prefix_size = 9;
    wire::Bytes body = daemon::pack(job_of(1));
    body[prefix_size - 1] = std::byte{1};
    body.resize(prefix_size + ZSTD_compressBound(content.size()));
    body.resize(prefix_size + ZSTD_compress(body.data() + prefix_size, body.size() - prefix_size,
                                            content.data(), content.size(), ZSTD_defaultCLevel()));
    return body;
}

void write_all(Seeds& seeds) {
    for (std::size_t type = 1; type <= body_count; ++type)
        with_body(type,
                  [&seeds]<class Body>(std::type_identity<Body>) { write_messages<Body>(seeds); });
    for (const std::uint32_t nodes : {1u, 3u, 200u})  // the last one is compressed
        seeds.write("launch_body", daemon::pack(job_of(nodes)));
    seeds.write("launch_body", bomb());
}

}  // namespace
}  // namespace vrun::fuzz

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: fuzz_seeds DIRECTORY\n";
        return 2;
    }
    vrun::fuzz::Seeds seeds{argv[1]};
    vrun::fuzz::write_all(seeds);
    return 0;
}
