// SPDX-License-Identifier: Apache-2.0
// launcher/host_report: a HostList as text, for people and for the launchers that read hostfiles.
// Pure text from a message; names and problems of others are escaped.
#pragma once

#include "wire/messages/hosts.hpp"

#include <map>
#include <string>

namespace vrun::launcher {

enum class HostFormat : unsigned char { table, plain, openmpi, mpich, json };

// "table" and so on, as --format takes them.
const std::map<std::string, HostFormat>& host_formats();

std::string host_report(const wire::HostList& list, HostFormat format);

}  // namespace vrun::launcher
