/* SPDX-License-Identifier: Apache-2.0
 * glibc's sigabbrev_np(), which musl does not have: "INT" of SIGINT, NULL of what has no name. */
#ifndef VRUN_MUSL_STRING_H
#define VRUN_MUSL_STRING_H
#include_next <string.h>
#include <signal.h>

static inline const char* sigabbrev_np(int number) {
    switch (number) {
#define VRUN_SIGNAL(name) \
    case SIG##name:       \
        return #name
        VRUN_SIGNAL(HUP); VRUN_SIGNAL(INT); VRUN_SIGNAL(QUIT); VRUN_SIGNAL(ILL); VRUN_SIGNAL(TRAP);
        VRUN_SIGNAL(ABRT); VRUN_SIGNAL(BUS); VRUN_SIGNAL(FPE); VRUN_SIGNAL(KILL); VRUN_SIGNAL(USR1);
        VRUN_SIGNAL(SEGV); VRUN_SIGNAL(USR2); VRUN_SIGNAL(PIPE); VRUN_SIGNAL(ALRM); VRUN_SIGNAL(TERM);
        VRUN_SIGNAL(CHLD); VRUN_SIGNAL(CONT); VRUN_SIGNAL(STOP); VRUN_SIGNAL(TSTP); VRUN_SIGNAL(TTIN);
        VRUN_SIGNAL(TTOU); VRUN_SIGNAL(URG); VRUN_SIGNAL(XCPU); VRUN_SIGNAL(XFSZ); VRUN_SIGNAL(VTALRM);
        VRUN_SIGNAL(PROF); VRUN_SIGNAL(WINCH); VRUN_SIGNAL(IO); VRUN_SIGNAL(PWR); VRUN_SIGNAL(SYS);
#undef VRUN_SIGNAL
    default:
        return NULL;
    }
}
#endif
