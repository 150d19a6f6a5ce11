# The guest's vDSO (vdso(7)): x86-64 code, assembled with clang for every host. Its functions make the
# system calls; reading the host's clocks without one is left to the personality.

    .macro vdso_function name, alias, number
    .globl \name
    .type \name, @function
    .weak \alias
    .type \alias, @function
    .balign 16
\name:
\alias:
    .cfi_startproc
    movl $\number, %eax
    syscall
    ret
    .cfi_endproc
    .size \name, . - \name
    .size \alias, . - \alias
    .endm

    .text
    vdso_function __vdso_gettimeofday, gettimeofday, 96
    vdso_function __vdso_time, time, 201
    vdso_function __vdso_clock_gettime, clock_gettime, 228
    vdso_function __vdso_clock_getres, clock_getres, 229
    vdso_function __vdso_getcpu, getcpu, 309

    .section .note.GNU-stack, "", @progbits
