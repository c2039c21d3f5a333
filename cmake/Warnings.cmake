# SPDX-License-Identifier: Apache-2.0
# How every target of ours is compiled. vrun_add_library(NAME SOURCES… LINKS…) is one folder.
add_library(vrun_options INTERFACE)
target_compile_options(vrun_options INTERFACE -Wall -Wextra -Wshadow -Wconversion
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
target_compile_definitions(vrun_options INTERFACE _GLIBCXX_ASSERTIONS)
target_include_directories(vrun_options INTERFACE ${PROJECT_SOURCE_DIR})
# Alpine's libc lacks a few functions of glibc.
include(CheckCXXSymbolExists)
check_cxx_symbol_exists(sigabbrev_np string.h VRUN_GLIBC)
if(NOT VRUN_GLIBC)
    target_include_directories(vrun_options SYSTEM BEFORE INTERFACE ${PROJECT_SOURCE_DIR}/cmake/musl)
endif()
if(VRUN_WERROR)
    target_compile_options(vrun_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 warns about the operator new of coroutine frames.
    target_compile_options(vrun_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
    # … and, when it optimizes, sees unset members in every std::variant of messages.
    target_compile_options(vrun_options INTERFACE $<$<CONFIG:RelWithDebInfo>:-Wno-maybe-uninitialized>)
endif()
if(VRUN_SANITIZE)
    target_compile_options(vrun_options INTERFACE -fsanitize=${VRUN_SANITIZE}
        -fno-sanitize-recover=undefined -fno-omit-frame-pointer
        $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(vrun_options INTERFACE -fsanitize=${VRUN_SANITIZE})
endif()

# One folder is one target; LINKS are its PUBLIC dependencies: the arrows of docs/architecture.md.
function(vrun_add_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC vrun_options ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()

function(vrun_add_program name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE vrun_options ${ARG_LINKS})
endfunction()
