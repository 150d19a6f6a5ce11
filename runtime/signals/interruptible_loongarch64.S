// See interruptible_x86_64.S.
#if defined(__loongarch64)
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
        move    $t0, $a0
        move    $a7, $a1
        move    $t1, $a2
        ld.d    $a0, $t1, 0
        ld.d    $a1, $t1, 8
        ld.d    $a2, $t1, 16
        ld.d    $a3, $t1, 24
        ld.d    $a4, $t1, 32
        ld.d    $a5, $t1, 40
gantry_interruptible_begin:
        ld.w    $t2, $t0, 0
        bnez    $t2, gantry_interruptible_restart
        syscall 0
gantry_interruptible_end:
        ret
gantry_interruptible_restart:
        addi.w  $a0, $zero, -513
        ret
        .size   gantry_interruptible_syscall, . - gantry_interruptible_syscall
#endif
        .section .note.GNU-stack,"",%progbits
