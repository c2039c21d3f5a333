// SPDX-License-Identifier: Apache-2.0
#include "daemon/topology.hpp"

#include "process/heap.hpp"
#include "wire/base/handle.hpp"
#include "wire/base/result.hpp"
#include "wire/base/write_all.hpp"

#include <fcntl.h>
#include <hwloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cstdlib>
#include <string>
#include <string_view>

namespace vrun::daemon {
namespace {

// Left alone, hwloc starts OpenCL and GL drivers: 95 to 600 ms and 79 MB.
constexpr const char* components_variable = "HWLOC_COMPONENTS";
constexpr const char* few_components = "-opencl,-cuda,-nvml,-rsmi,-levelzero,-gl,-pci,-linuxio";

// Gone again afterwards, since what we start inherits our environment.
class FewComponents {
public:
    FewComponents() { ::setenv(components_variable, few_components, /*overwrite=*/1); }
    ~FewComponents() { ::unsetenv(components_variable); }
    FewComponents(const FewComponents&) = delete;
    FewComponents& operator=(const FewComponents&) = delete;
};

using Loaded = Handle<hwloc_topology, hwloc_topology_destroy>;

Loaded load() {
    hwloc_topology_t topology = nullptr;
    check(hwloc_topology_init(&topology), "hwloc_topology_init");
    Loaded loaded{topology};
    check(hwloc_topology_load(topology), "hwloc_topology_load");
    return loaded;
}

UniqueFd sealed(std::string_view text) {
    UniqueFd file{
        check(::memfd_create("vrun-topology", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create")};
    const auto error = write_all(file.get(), std::as_bytes(std::span{text}));
    if (error) throw std::system_error{error, "write"};
    check(
        ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
        "F_ADD_SEALS");
    return file;
}

UniqueFd load_xml() {
    const Loaded topology = load();
    char* xml = nullptr;
    int size = 0;
    check(hwloc_topology_export_xmlbuffer(topology.get(), &xml, &size, 0),
          "hwloc_topology_export_xml");
    const auto free_xml = [&](char* text) { hwloc_free_xmlbuffer(topology.get(), text); };
    const std::unique_ptr<char, decltype(free_xml)> owned{xml, free_xml};
    return sealed(std::string_view{xml});
}

UniqueFd load_xml_restricted() {
    if (::getenv(components_variable) != nullptr) return load_xml();  // somebody knows better
    const FewComponents restricted;
    return load_xml();
}

}  // namespace

void Topology::load() {
    if (xml_.is_open()) return;
    xml_ = load_xml_restricted();
    process::return_freed_memory();
}

std::string Topology::text() {
    load();
    struct stat file {};
    check(::fstat(xml_.get(), &file), "fstat");
    std::string text(static_cast<std::size_t>(file.st_size), '\0');
    const ssize_t size = check(::pread(xml_.get(), text.data(), text.size(), 0), "pread");
    text.resize(static_cast<std::size_t>(size));
    return text;
}

const process::Machine* Topology::machine() {
    if (machine_) return &*machine_;
    auto read = process::Machine::of_xml(text());
    if (!read) return nullptr;
    machine_ = std::move(*read);
    return &*machine_;
}

UniqueFd Topology::open() {
    load();
    const std::string path = "/proc/self/fd/" + std::to_string(xml_.get());
    return UniqueFd{check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open the topology")};
}

}  // namespace vrun::daemon
