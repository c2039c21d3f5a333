// SPDX-License-Identifier: Apache-2.0
#include "process/memory.hpp"

#include <unistd.h>
#include <fstream>
#include <string>

namespace vrun::process {

std::size_t resident_size(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/statm"};
    std::size_t all_pages = 0, resident_pages = 0;
    if (!(file >> all_pages >> resident_pages)) return 0;
    return resident_pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace vrun::process
