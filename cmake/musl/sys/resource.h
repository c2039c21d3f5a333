/* SPDX-License-Identifier: Apache-2.0
 * glibc's name for the type of a limit's number. */
#ifndef VRUN_MUSL_SYS_RESOURCE_H
#define VRUN_MUSL_SYS_RESOURCE_H
#include_next <sys/resource.h>
typedef int __rlimit_resource_t;
#endif
