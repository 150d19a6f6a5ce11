// s64 gantry_interruptible_syscall(const volatile u32* pending, long number, u64 arguments[6])
// Enters the host kernel unless *pending is set. A signal handler that interrupts between _begin
// (included) and _end moves the program counter to _restart: the call has not been executed, or the
// kernel wants it executed again.
#if defined(__x86_64__)
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
        mov     %rdi, %rcx
        mov     %rsi, %rax
        mov     %rdx, %r11
        mov     0(%r11), %rdi
        mov     8(%r11), %rsi
        mov     16(%r11), %rdx
        mov     24(%r11), %r10
        mov     32(%r11), %r8
        mov     40(%r11), %r9
gantry_interruptible_begin:
        cmpl    $0, (%rcx)
        jne     gantry_interruptible_restart
        syscall
gantry_interruptible_end:
        ret
gantry_interruptible_restart:
        mov     $-513, %rax
        ret
        .size   gantry_interruptible_syscall, . - gantry_interruptible_syscall
#endif
        .section .note.GNU-stack,"",%progbits
