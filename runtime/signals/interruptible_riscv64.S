// See interruptible_x86_64.S.
#if defined(__riscv)
        .text
        .globl  gantry_interruptible_syscall
        .globl  gantry_interruptible_begin
        .globl  gantry_interruptible_end
        .globl  gantry_interruptible_restart
        .hidden gantry_interruptible_syscall
        .hidden gantry_interruptible_begin
        .hidden gantry_interruptible_end
        .hidden gantry_interruptible_restart
        .type   gantry_interruptible_syscall, @function
gantry_interruptible_syscall:
        mv      t0, a0
        mv      a7, a1
        mv      t1, a2
        ld      a0, 0(t1)
        ld      a1, 8(t1)
        ld      a2, 16(t1)
        ld      a3, 24(t1)
        ld      a4, 32(t1)
        ld      a5, 40(t1)
gantry_interruptible_begin:
        lw      t2, 0(t0)
        bnez    t2, gantry_interruptible_restart
        ecall
gantry_interruptible_end:
        ret
gantry_interruptible_restart:
        li      a0, -513
        ret
        .size   gantry_interruptible_syscall, . - gantry_interruptible_syscall
#endif
        .section .note.GNU-stack,"",%progbits
