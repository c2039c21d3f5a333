// SPDX-License-Identifier: Apache-2.0
// launcher/options/settings: what vrun's command line says, after parsing.
// Plain data: rows of the tables beside this file write it, launcher/submission and the session
// read it. A new option is a field here and a row in one of the tables.
#pragma once

#include "launcher/life_settings.hpp"
#include "launcher/output_style.hpp"
#include "wire/messages/submit.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vrun::launcher {

// In whose command lines a name has a row's meaning; a name may have one row per dialect.
enum Dialects : unsigned char { openmpi4 = 1, openmpi5 = 2, hydra = 4 };
inline constexpr Dialects openmpi{openmpi4 | openmpi5};
inline constexpr Dialects every_dialect{openmpi4 | openmpi5 | hydra};

// What is to be done about variables; in the order in which it was written.
struct EnvironmentChange {
    enum class Kind : unsigned char {
        pass,     // the caller's value; a name may end in '*'
        set,      // to `value`
        unset,    // nothing, if it was not there
        prepend,  // `value`, then the separator and the old value, if there is one
        append,
        only,  // none, but those of the comma list in `name`
        none,  // none but those that a login sets
        all,   // the caller's, but for those that belong to its host
    };
    Kind kind = Kind::set;
    std::string name;
    std::string value;
    std::string separator{};

    bool operator==(const EnvironmentChange&) const = default;
};

struct ParameterFile {  // of MCA parameters
    enum class Kind : unsigned char { values, tune };
    Kind kind = Kind::values;  // "name = value" lines; tune: also -mca, -x
    std::string path;
};

struct AppSettings {          // one program; several are separated by `:`
    std::uint32_t count = 0;  // 0: one per slot
    std::string workdir = {};
    std::vector<EnvironmentChange> environment = {};  // after the job's
    std::vector<std::string> host_words = {};         // each --host, of Open MPI
    std::vector<std::string> host_files = {};
    std::vector<std::string> argv = {};
    bool preload_binary = false;
    std::vector<std::string> preload_files = {};
    std::string preload_directory = {};  // empty: where the ranks start
};

struct OutputSettings {
    OutputStyle::Shape shape = OutputStyle::Shape::plain;
    std::string time;  // patterns of launcher/output_style: what is before each line
    std::string tag;
    std::string out_files;  // patterns of the files' names; empty: none
    std::string err_files;
    bool shows_out = true;  // besides the files
    bool shows_err = true;
};

struct Settings {
    Dialects personality = openmpi4;  // one of them
    std::vector<AppSettings> apps =
        std::vector<AppSettings>(1);  // at least one; the last is the one being parsed
    std::string program_file;         // --app, -configfile: has been read into `apps`
    wire::Placement placement;
    wire::Display display;
    std::uint32_t universe = 0;  // as in SubmitJob
    bool plan_only = false;
    std::string rank_file;                // --rankfile: the list of the placement
    std::vector<std::string> host_words;  // each -hosts, of Hydra
    std::vector<std::string> host_files;
    std::string default_host_file;  // if no host is named otherwise
    std::vector<EnvironmentChange> environment;
    std::vector<ParameterFile> parameter_files;  // have been read into `environment`
    bool display_environment = false;
    OutputSettings output;
    LifeSettings life;
    wire::Streams streams;
    std::optional<std::string> socket;
    bool quiet = false;
    bool verbose = false;
    bool timing = false;
    bool version = false;
    bool help = false;
    std::string help_topic;
    std::vector<std::string> notices;  // what was accepted and does nothing, a line each
};

}  // namespace vrun::launcher
