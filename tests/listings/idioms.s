# What compilers make of common source. The listing of each is in idioms.golden.
    .intel_syntax noprefix

    .globl count_loop
count_loop:
    xor eax, eax
1:  add eax, edi
    dec edi
    jne 1b
    ret

    .globl sum_array
sum_array:
    xor eax, eax
    xor ecx, ecx
1:  add rax, [rdi+rcx*8]
    inc rcx
    cmp rcx, rsi
    jb 1b
    ret

    .globl copy_bytes
copy_bytes:
1:  movzx eax, byte ptr [rsi]
    mov [rdi], al
    inc rsi
    inc rdi
    dec rdx
    jne 1b
    ret

    .globl copy_vectors
copy_vectors:
1:  movups xmm0, [rsi]
    movups xmm1, [rsi+16]
    movups [rdi], xmm0
    movups [rdi+16], xmm1
    add rsi, 32
    add rdi, 32
    sub rdx, 32
    ja 1b
    ret

    .globl string_length
string_length:
    mov rax, rdi
1:  cmp byte ptr [rax], 0
    je 2f
    inc rax
    jmp 1b
2:  sub rax, rdi
    ret

    .globl string_length_vector
string_length_vector:
    pxor xmm0, xmm0
1:  movdqa xmm1, [rdi]
    add rdi, 16
    pcmpeqb xmm1, xmm0
    pmovmskb eax, xmm1
    test eax, eax
    je 1b
    bsf eax, eax
    ret

    .globl string_compare
string_compare:
1:  movzx eax, byte ptr [rdi]
    cmp al, [rsi]
    jne 2f
    inc rdi
    inc rsi
    test al, al
    jne 1b
    xor eax, eax
    ret
2:  movzx ecx, byte ptr [rsi]
    sub eax, ecx
    ret

    .globl compare_and_branch
compare_and_branch:
    cmp edi, esi
    jl 1f
    mov eax, edi
    ret
1:  mov eax, esi
    ret

    .globl maximum
maximum:
    cmp edi, esi
    mov eax, esi
    cmovge eax, edi
    ret

    .globl clamp
clamp:
    test edi, edi
    mov eax, 0
    cmovs edi, eax
    cmp edi, 255
    mov eax, 255
    cmovg edi, eax
    mov eax, edi
    ret

    .globl call_chain
call_chain:
    push rbp
    mov rbp, rsp
    push rbx
    sub rsp, 8
    mov ebx, edi
    call maximum
    add eax, ebx
    call clamp
    add rsp, 8
    pop rbx
    pop rbp
    ret

    .globl prologue
prologue:
    push r15
    push r14
    push rbx
    sub rsp, 0x40
    mov rax, fs:[0x28]
    mov [rsp+0x38], rax
    mov rax, fs:[0x28]
    cmp rax, [rsp+0x38]
    jne 1f
    add rsp, 0x40
    pop rbx
    pop r14
    pop r15
    ret
1:  ud2

    .globl switch
switch:
    cmp edi, 7
    ja 1f
    lea rdx, [rip+2f]
    movsxd rax, dword ptr [rdx+rdi*4]
    add rax, rdx
    jmp rax
1:  xor eax, eax
    ret
2:  nop
    ret

    .globl virtual_call
virtual_call:
    mov rax, [rdi]
    call [rax+16]
    add eax, 1
    ret

    .globl plt_entry
plt_entry:
    endbr64
    jmp [rip+0x2fa0]

    .globl dot_product
dot_product:
    xorps xmm0, xmm0
1:  movsd xmm1, [rdi]
    mulsd xmm1, [rsi]
    addsd xmm0, xmm1
    add rdi, 8
    add rsi, 8
    dec rdx
    jne 1b
    ret

    .globl vector_multiply_add
vector_multiply_add:
1:  movaps xmm1, [rdi]
    mulps xmm1, xmm2
    addps xmm1, [rsi]
    movaps [rsi], xmm1
    add rdi, 16
    add rsi, 16
    sub rdx, 4
    jne 1b
    ret

    .globl absolute_value
absolute_value:
    mov eax, edi
    sar eax, 31
    xor edi, eax
    sub edi, eax
    mov eax, edi
    ret

    .globl divide_by_ten
divide_by_ten:
    mov eax, edi
    mov ecx, 0xcccccccd
    imul rax, rcx
    shr rax, 35
    ret

    .globl add_128
add_128:
    mov rax, [rdi]
    mov rdx, [rdi+8]
    add rax, [rsi]
    adc rdx, [rsi+8]
    ret

    .globl hash_step
hash_step:
    movzx eax, byte ptr [rsi]
    xor eax, edi
    imul eax, eax, 0x01000193
    rol eax, 5
    ret

    .globl spin_lock
spin_lock:
    mov ecx, 1
1:  xor eax, eax
    lock cmpxchg [rdi], ecx
    je 2f
    pause
    jmp 1b
2:  ret

    .globl reference_count
reference_count:
    mov eax, -1
    lock xadd [rdi], eax
    cmp eax, 1
    je 1f
    ret
1:  jmp rsi

    .globl binary_search
binary_search:
    xor eax, eax
1:  cmp rax, rsi
    jae 2f
    lea rcx, [rax+rsi]
    shr rcx
    cmp [rdi+rcx*4], edx
    lea r8, [rcx+1]
    cmovb rax, r8
    cmovae rsi, rcx
    jmp 1b
2:  ret

    .globl fields_of_a_word
fields_of_a_word:
    mov eax, esi
    shr eax, 16
    movzx eax, al
    shl rax, 4
    add rax, rdi
    cmp byte ptr [rax+8], 3
    jne 1f
    lea rdx, [rdi+rsi*4+24]
    movsx eax, byte ptr [rdx]
    test al, 8
    je 1f
    xor ecx, ecx
1:  cmp cl, dl
    sete al
    movzx eax, al
    cmp eax, ecx
    ret
