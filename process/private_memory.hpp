// SPDX-License-Identifier: Apache-2.0
// process/private_memory: keeps this process's memory from everybody but root.
// No core dump, no ptrace, no reading in /proc by other processes of the same user, ranks for one.
// Lasts until exec; what we start can be debugged as usual.
#pragma once

namespace vrun::process {

// To be called before a secret is read, and again after a child that borrowed our memory changed
// its user: the kernel then sets what fs.suid_dumpable says.
void make_memory_private() noexcept;

}  // namespace vrun::process
