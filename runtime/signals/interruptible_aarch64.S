// See interruptible_x86_64.S.
#if defined(__aarch64__)
        .text
        .globl  gantry_interruptible_syscall
        .globl  gantry_interruptible_begin
        .globl  gantry_interruptible_end
        .globl  gantry_interruptible_restart
        .hidden gantry_interruptible_syscall
        .hidden gantry_interruptible_begin
        .hidden gantry_interruptible_end
        .hidden gantry_interruptible_restart
        .type   gantry_interruptible_syscall, %function
gantry_interruptible_syscall:
        mov     x9, x0
        mov     x8, x1
        mov     x10, x2
        ldp     x0, x1, [x10]
        ldp     x2, x3, [x10, #16]
        ldp     x4, x5, [x10, #32]
gantry_interruptible_begin:
        ldr     w11, [x9]
        cbnz    w11, gantry_interruptible_restart
        svc     #0
gantry_interruptible_end:
        ret
gantry_interruptible_restart:
        mov     x0, #-513
        ret
        .size   gantry_interruptible_syscall, . - gantry_interruptible_syscall
#endif
        .section .note.GNU-stack,"",%progbits
