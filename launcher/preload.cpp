// SPDX-License-Identifier: Apache-2.0
#include "launcher/preload.hpp"

#include "files/digest.hpp"
#include "process/program.hpp"
#include "wire/messages/failure.hpp"
#include "wire/preload_rules.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>

namespace vrun::launcher {
namespace {

namespace exit_code = wire::exit_code;

constexpr std::uint32_t permissions = 0777;

class Adder {
public:
    Adder(Submission& submission, const Settings& settings)
        : submission_{submission}, settings_{settings} {}

    std::optional<Refusal> add_all() {
        for (std::uint32_t app = 0; app < settings_.apps.size(); ++app) {
            if (settings_.apps[app].preload_binary)
                if (auto refusal = add_program(app)) return refusal;
            for (const std::string& path : settings_.apps[app].preload_files)
                if (auto refusal = add_file(app, path)) return refusal;
        }
        return std::nullopt;
    }

private:
    // The program that the name means here, as it would on a node.
    std::optional<Refusal> add_program(std::uint32_t index) {
        const wire::App& app = submission_.job.apps[index];
        auto path = process::value_in(app.environment, "PATH");
        if (!path) path = process::value_in(submission_.job.environment, "PATH");
        const auto program = process::find_program(app.argv[0], path, app.workdir);
        if (!program)
            return Refusal{process::exit_code_of(program.error().code), program.error().message()};
        const std::string source =
            program->starts_with('/') ? *program : app.workdir + "/" + *program;
        wire::PreloadFile file;
        file.name = source.substr(source.rfind('/') + 1);
        file.is_program = true;
        return add(std::move(file), index, source);
    }

    std::optional<Refusal> add_file(std::uint32_t app, const std::string& path) {
        wire::PreloadFile file;
        file.name = wire::name_below(path);
        file.directory = settings_.apps[app].preload_directory;
        if (!wire::is_name_below(file.name))
            return Refusal{exit_code::usage,
                           "--preload-files " + path +
                               ": on the hosts it would leave its directory; name it without '..'"};
        return add(std::move(file), app, path);
    }

    // What several programs bring is brought once.
    std::optional<Refusal> add(wire::PreloadFile file, std::uint32_t app,
                               const std::string& source) {
        std::vector<wire::PreloadFile>& files = submission_.job.files;
        for (std::size_t i = 0; i < files.size(); ++i) {
            wire::PreloadFile& other = files[i];
            const bool is_same = submission_.sources[i] == source && other.name == file.name &&
                                 other.directory == file.directory &&
                                 other.is_program == file.is_program;
            if (!is_same) continue;
            if (other.apps.back() != app) other.apps.push_back(app);
            return std::nullopt;
        }
        file.apps = {app};
        if (const auto error = read(file, source)) {
            const std::string sentence = "preload '" + source + "': " + error->message();
            return Refusal{exit_code::not_preloaded, sentence};
        }
        if (auto refusal = clash(file, source)) return refusal;
        files.push_back(std::move(file));
        submission_.sources.push_back(source);
        return std::nullopt;
    }

    static std::optional<Error> read(wire::PreloadFile& file, const std::string& source) {
        const auto failed = [](int error, const char* doing) {
            return Error{{error, std::system_category()}, doing};
        };
        const UniqueFd opened{::open(source.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
        if (!opened.is_open()) return failed(errno, "open it");
        struct stat status {};
        if (::fstat(opened.get(), &status) < 0) return failed(errno, "look at it");
        if (S_ISDIR(status.st_mode)) return failed(EISDIR, "read it (name its files)");
        if (!S_ISREG(status.st_mode)) return failed(EINVAL, "read it (it is no file with an end)");
        file.mode = status.st_mode & permissions;
        file.size = static_cast<std::uint64_t>(status.st_size);
        Result<wire::Bytes> digest = files::digest_of(opened);
        if (!digest) return digest.error();
        file.digest = std::move(*digest);
        return std::nullopt;
    }

    // Two files that would get one name on a host.
    std::optional<Refusal> clash(const wire::PreloadFile& file, const std::string& source) const {
        if (file.is_program) return std::nullopt;
        for (std::size_t i = 0; i < submission_.job.files.size(); ++i) {
            const wire::PreloadFile& other = submission_.job.files[i];
            const bool is_clash = !other.is_program && other.name == file.name &&
                                  other.digest != file.digest &&
                                  directory_of(other) == directory_of(file);
            if (is_clash)
                return Refusal{exit_code::usage, "--preload-files: " + submission_.sources[i] +
                                                     " and " + source + " would both become '" +
                                                     file.name + "' on the hosts"};
        }
        return std::nullopt;
    }

    std::string directory_of(const wire::PreloadFile& file) const {
        if (file.directory.starts_with('/')) return file.directory;
        return submission_.job.apps[file.apps.front()].workdir + "/" + file.directory;
    }

    Submission& submission_;
    const Settings& settings_;
};

}  // namespace

std::optional<Refusal> add_files(Submission& submission, const Settings& settings) {
    return Adder{submission, settings}.add_all();
}

}  // namespace vrun::launcher
