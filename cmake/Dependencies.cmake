# SPDX-License-Identifier: Apache-2.0
# Every library the project uses, as a target. All are Debian packages; nothing is downloaded.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(cereal REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc)
pkg_check_modules(NETTLE REQUIRED IMPORTED_TARGET nettle)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
if(VRUN_PMIX)
    pkg_check_modules(PMIX REQUIRED IMPORTED_TARGET pmix)
endif()

# One place for how Asio is compiled: a macro that differs between files breaks the one-definition
# rule. Without ASIO_DISABLE_STD_ALIGNED_ALLOC the order of includes changes Asio's allocator.
# Not ASIO_NO_DEPRECATED: Asio 1.30 then hides experimental::as_tuple, its only name in Asio 1.22.
add_library(vrun_asio INTERFACE)
target_compile_definitions(vrun_asio INTERFACE ASIO_STANDALONE
    ASIO_DISABLE_STD_ALIGNED_ALLOC
    $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT=1> $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_STD_COROUTINE=1>)
target_link_libraries(vrun_asio INTERFACE Threads::Threads)
