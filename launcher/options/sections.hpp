// SPDX-License-Identifier: Apache-2.0
// launcher/options/sections: the tables of options, a file each, in the order in which help shows
// them. A new option is a row in the file of its subject; see option.hpp.
// A name has at most one row in each dialect: tests/unit/launcher/option_table_test asks.
#pragma once

#include "launcher/options/option.hpp"

namespace vrun::launcher {

Section process_section();      // processes.cpp: how many, which programs
Section host_section();         // hosts.cpp: where from
Section placement_section();    // placement.cpp: map, rank, bind
Section environment_section();  // environment.cpp: variables, directories, MCA parameters
Section output_section();       // output.cpp: output, input, what is displayed
Section life_section();         // life.cpp: files, timeouts, failures, what comes before and after
Section daemon_section();       // daemons.cpp: how other launchers start and wire their daemons
Section other_section();        // other.cpp: about vrun itself

}  // namespace vrun::launcher
