// SPDX-License-Identifier: Apache-2.0
// launcher/options/settings: what vrun's command line says, after parsing.
// Plain data: rows of the tables beside this file write it, launcher/submission and the session
// read it. A new option is a field here and a row in one of the tables.
#pragma once

#include "wire/messages/submit.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vrun::launcher {

struct AppSettings {          // one program; several are separated by `:`
    std::uint32_t count = 0;  // 0: one per slot
    std::string workdir;
    std::vector<std::string> exports;  // each -x: "NAME" or "NAME=VALUE"
    std::vector<std::string> argv;
};

struct Settings {
    std::vector<AppSettings> apps =
        std::vector<AppSettings>(1);  // at least one; the last is the one being parsed
    wire::Placement placement;
    std::vector<std::string> host_words;  // each --host
    std::vector<std::string> host_files;  // each --hostfile
    std::optional<std::string> socket;
    bool quiet = false;
    bool verbose = false;
    bool version = false;
    bool help = false;
    std::vector<std::string> notices;  // what was accepted and does nothing, a line each
};

}  // namespace vrun::launcher
