# Single instructions. The listing of each is in instructions.golden.
    .intel_syntax noprefix
    .globl add_eax_ecx
add_eax_ecx:
    add eax, ecx
    .globl add_rax_rcx
add_rax_rcx:
    add rax, rcx
    .globl add_ax_cx
add_ax_cx:
    add ax, cx
    .globl add_al_cl
add_al_cl:
    add al, cl
    .globl add_ah_cl
add_ah_cl:
    add ah, cl
    .globl add_eax_1
add_eax_1:
    add eax, 1
    .globl add_rax_0x12345678
add_rax_0x12345678:
    add rax, 0x12345678
    .globl add_eax_rdi
add_eax_rdi:
    add eax, [rdi]
    .globl add_rdi_eax
add_rdi_eax:
    add [rdi], eax
    .globl adc_rax_rcx
adc_rax_rcx:
    adc rax, rcx
    .globl adc_eax_5
adc_eax_5:
    adc eax, 5
    .globl sub_eax_ecx
sub_eax_ecx:
    sub eax, ecx
    .globl sub_rax_rcx
sub_rax_rcx:
    sub rax, rcx
    .globl sub_rsp_0x28
sub_rsp_0x28:
    sub rsp, 0x28
    .globl sub_byte_ptr_rdi_3
sub_byte_ptr_rdi_3:
    sub byte ptr [rdi], 3
    .globl sbb_rax_rcx
sbb_rax_rcx:
    sbb rax, rcx
    .globl sbb_eax_eax
sbb_eax_eax:
    sbb eax, eax
    .globl cmp_eax_ecx
cmp_eax_ecx:
    cmp eax, ecx
    .globl cmp_byte_ptr_rdi_0
cmp_byte_ptr_rdi_0:
    cmp byte ptr [rdi], 0
    .globl cmp_rax_rdi_rcx_8_16
cmp_rax_rdi_rcx_8_16:
    cmp rax, [rdi+rcx*8+16]
    .globl neg_rax
neg_rax:
    neg rax
    .globl neg_cl
neg_cl:
    neg cl
    .globl and_eax_ecx
and_eax_ecx:
    and eax, ecx
    .globl and_rax_minus_16
and_rax_minus_16:
    and rax, -16
    .globl and_al_0x0f
and_al_0x0f:
    and al, 0x0f
    .globl or_eax_ecx
or_eax_ecx:
    or eax, ecx
    .globl or_rax_minus_1
or_rax_minus_1:
    or rax, -1
    .globl xor_eax_eax
xor_eax_eax:
    xor eax, eax
    .globl xor_rax_rcx
xor_rax_rcx:
    xor rax, rcx
    .globl xor_cl_0x80
xor_cl_0x80:
    xor cl, 0x80
    .globl not_rax
not_rax:
    not rax
    .globl not_cl
not_cl:
    not cl
    .globl test_eax_eax
test_eax_eax:
    test eax, eax
    .globl test_al_1
test_al_1:
    test al, 1
    .globl test_rax_rcx
test_rax_rcx:
    test rax, rcx
    .globl inc_eax
inc_eax:
    inc eax
    .globl inc_qword_ptr_rdi
inc_qword_ptr_rdi:
    inc qword ptr [rdi]
    .globl dec_rcx
dec_rcx:
    dec rcx
    .globl dec_cl
dec_cl:
    dec cl
    .globl imul_eax_ecx
imul_eax_ecx:
    imul eax, ecx
    .globl imul_rax_rcx_10
imul_rax_rcx_10:
    imul rax, rcx, 10
    .globl imul_rcx
imul_rcx:
    imul rcx
    .globl mul_ecx
mul_ecx:
    mul ecx
    .globl mul_rcx
mul_rcx:
    mul rcx
    .globl div_ecx
div_ecx:
    div ecx
    .globl div_rcx
div_rcx:
    div rcx
    .globl idiv_ecx
idiv_ecx:
    idiv ecx
    .globl idiv_rcx
idiv_rcx:
    idiv rcx
    .globl shl_eax_3
shl_eax_3:
    shl eax, 3
    .globl shl_rax_cl
shl_rax_cl:
    shl rax, cl
    .globl shr_eax_1
shr_eax_1:
    shr eax, 1
    .globl shr_rax_cl
shr_rax_cl:
    shr rax, cl
    .globl sar_eax_31
sar_eax_31:
    sar eax, 31
    .globl sar_rax_cl
sar_rax_cl:
    sar rax, cl
    .globl rol_eax_7
rol_eax_7:
    rol eax, 7
    .globl rol_rax_cl
rol_rax_cl:
    rol rax, cl
    .globl ror_rax_13
ror_rax_13:
    ror rax, 13
    .globl ror_cx_1
ror_cx_1:
    ror cx, 1
    .globl rcl_eax_1
rcl_eax_1:
    rcl eax, 1
    .globl shld_rax_rcx_4
shld_rax_rcx_4:
    shld rax, rcx, 4
    .globl shrd_eax_ecx_cl
shrd_eax_ecx_cl:
    shrd eax, ecx, cl
    .globl mov_eax_ecx
mov_eax_ecx:
    mov eax, ecx
    .globl mov_rax_rcx
mov_rax_rcx:
    mov rax, rcx
    .globl mov_al_cl
mov_al_cl:
    mov al, cl
    .globl mov_ah_cl
mov_ah_cl:
    mov ah, cl
    .globl mov_ax_cx
mov_ax_cx:
    mov ax, cx
    .globl mov_eax_1
mov_eax_1:
    mov eax, 1
    .globl mov_rax_0x123456789abcdef0
mov_rax_0x123456789abcdef0:
    mov rax, 0x123456789abcdef0
    .globl mov_rax_minus_1
mov_rax_minus_1:
    mov rax, -1
    .globl mov_rax_rdi
mov_rax_rdi:
    mov rax, [rdi]
    .globl mov_eax_rdi_8
mov_eax_rdi_8:
    mov eax, [rdi+8]
    .globl mov_ax_rdi
mov_ax_rdi:
    mov ax, [rdi]
    .globl mov_al_rdi
mov_al_rdi:
    mov al, [rdi]
    .globl mov_rdi_rax
mov_rdi_rax:
    mov [rdi], rax
    .globl mov_rdi_cl
mov_rdi_cl:
    mov [rdi], cl
    .globl mov_rdi_ah
mov_rdi_ah:
    mov [rdi], ah
    .globl mov_dword_ptr_rdi_7
mov_dword_ptr_rdi_7:
    mov dword ptr [rdi], 7
    .globl mov_rax_fs_0x28
mov_rax_fs_0x28:
    mov rax, fs:[0x28]
    .globl mov_rax_rip_0x100
mov_rax_rip_0x100:
    mov rax, [rip+0x100]
    .globl movzx_eax_cl
movzx_eax_cl:
    movzx eax, cl
    .globl movzx_eax_ch
movzx_eax_ch:
    movzx eax, ch
    .globl movzx_eax_word_ptr_rdi
movzx_eax_word_ptr_rdi:
    movzx eax, word ptr [rdi]
    .globl movsx_eax_cl
movsx_eax_cl:
    movsx eax, cl
    .globl movsx_rax_word_ptr_rdi
movsx_rax_word_ptr_rdi:
    movsx rax, word ptr [rdi]
    .globl movsxd_rax_ecx
movsxd_rax_ecx:
    movsxd rax, ecx
    .globl cdq
cdq:
    cdq
    .globl cqo
cqo:
    cqo
    .globl cdqe
cdqe:
    cdqe
    .globl cwde
cwde:
    cwde
    .globl xchg_rax_rcx
xchg_rax_rcx:
    xchg rax, rcx
    .globl xchg_rdi_eax
xchg_rdi_eax:
    xchg [rdi], eax
    .globl bswap_eax
bswap_eax:
    bswap eax
    .globl bswap_rax
bswap_rax:
    bswap rax
    .globl lea_rax_rdi_rcx_4_8
lea_rax_rdi_rcx_4_8:
    lea rax, [rdi+rcx*4+8]
    .globl lea_eax_rdi_rcx
lea_eax_rdi_rcx:
    lea eax, [rdi+rcx]
    .globl lea_rax_rip_0x40
lea_rax_rip_0x40:
    lea rax, [rip+0x40]
    .globl push_rax
push_rax:
    push rax
    .globl push_7
push_7:
    push 7
    .globl push_qword_ptr_rdi
push_qword_ptr_rdi:
    push qword ptr [rdi]
    .globl pop_rax
pop_rax:
    pop rax
    .globl pop_qword_ptr_rdi
pop_qword_ptr_rdi:
    pop qword ptr [rdi]
    .globl leave
leave:
    leave
    .globl pushfq
pushfq:
    pushfq
    .globl popfq
popfq:
    popfq
    .globl nop
nop:
    nop
    .globl endbr64
endbr64:
    endbr64
    .globl sete_al
sete_al:
    sete al
    .globl setb_cl
setb_cl:
    setb cl
    .globl setg_byte_ptr_rdi
setg_byte_ptr_rdi:
    setg byte ptr [rdi]
    .globl cmove_eax_ecx
cmove_eax_ecx:
    cmove eax, ecx
    .globl cmovb_rax_rcx
cmovb_rax_rcx:
    cmovb rax, rcx
    .globl cmovg_eax_rdi
cmovg_eax_rdi:
    cmovg eax, [rdi]
    .globl bt_eax_5
bt_eax_5:
    bt eax, 5
    .globl bt_rax_rcx
bt_rax_rcx:
    bt rax, rcx
    .globl bts_rax_3
bts_rax_3:
    bts rax, 3
    .globl btr_eax_ecx
btr_eax_ecx:
    btr eax, ecx
    .globl bt_rdi_eax
bt_rdi_eax:
    bt [rdi], eax
    .globl bsf_eax_ecx
bsf_eax_ecx:
    bsf eax, ecx
    .globl bsr_rax_rcx
bsr_rax_rcx:
    bsr rax, rcx
    .globl tzcnt_eax_ecx
tzcnt_eax_ecx:
    tzcnt eax, ecx
    .globl lzcnt_rax_rcx
lzcnt_rax_rcx:
    lzcnt rax, rcx
    .globl popcnt_eax_ecx
popcnt_eax_ecx:
    popcnt eax, ecx
    .globl andn_eax_ecx_edx
andn_eax_ecx_edx:
    andn eax, ecx, edx
    .globl blsr_rax_rcx
blsr_rax_rcx:
    blsr rax, rcx
    .globl bextr_eax_ecx_edx
bextr_eax_ecx_edx:
    bextr eax, ecx, edx
    .globl shlx_rax_rcx_rdx
shlx_rax_rcx_rdx:
    shlx rax, rcx, rdx
    .globl rorx_eax_ecx_5
rorx_eax_ecx_5:
    rorx eax, ecx, 5
    .globl mulx_rax_rcx_rdx
mulx_rax_rcx_rdx:
    mulx rax, rcx, rdx
    .globl pdep_eax_ecx_edx
pdep_eax_ecx_edx:
    pdep eax, ecx, edx
    .globl crc32_eax_cl
crc32_eax_cl:
    crc32 eax, cl
    .globl lock_add_rdi_eax
lock_add_rdi_eax:
    lock add [rdi], eax
    .globl lock_inc_dword_ptr_rdi
lock_inc_dword_ptr_rdi:
    lock inc dword ptr [rdi]
    .globl lock_xadd_rdi_rax
lock_xadd_rdi_rax:
    lock xadd [rdi], rax
    .globl lock_cmpxchg_rdi_ecx
lock_cmpxchg_rdi_ecx:
    lock cmpxchg [rdi], ecx
    .globl lock_cmpxchg16b_rdi
lock_cmpxchg16b_rdi:
    lock cmpxchg16b [rdi]
    .globl lock_or_dword_ptr_rdi_1
lock_or_dword_ptr_rdi_1:
    lock or dword ptr [rdi], 1
    .globl mfence
mfence:
    mfence
    .globl stc
stc:
    stc
    .globl clc
clc:
    clc
    .globl cmc
cmc:
    cmc
    .globl cld
cld:
    cld
    .globl std
std:
    std
    .globl sahf
sahf:
    sahf
    .globl lahf
lahf:
    lahf
    .globl rep_movsb
rep_movsb:
    rep movsb
    .globl rep_stosq
rep_stosq:
    rep stosq
    .globl repne_scasb
repne_scasb:
    repne scasb
    .globl repe_cmpsb
repe_cmpsb:
    repe cmpsb
    .globl movsq
movsq:
    movsq
    .globl stosd
stosd:
    stosd
    .globl lodsb
lodsb:
    lodsb
    .globl movaps_xmm0_xmm1
movaps_xmm0_xmm1:
    movaps xmm0, xmm1
    .globl movaps_xmm0_rdi
movaps_xmm0_rdi:
    movaps xmm0, [rdi]
    .globl movups_rdi_xmm0
movups_rdi_xmm0:
    movups [rdi], xmm0
    .globl movd_xmm0_eax
movd_xmm0_eax:
    movd xmm0, eax
    .globl movq_rax_xmm0
movq_rax_xmm0:
    movq rax, xmm0
    .globl movss_xmm0_rdi
movss_xmm0_rdi:
    movss xmm0, [rdi]
    .globl movsd_rdi_xmm0
movsd_rdi_xmm0:
    movsd [rdi], xmm0
    .globl pxor_xmm0_xmm0
pxor_xmm0_xmm0:
    pxor xmm0, xmm0
    .globl pxor_xmm0_xmm1
pxor_xmm0_xmm1:
    pxor xmm0, xmm1
    .globl paddd_xmm0_xmm1
paddd_xmm0_xmm1:
    paddd xmm0, xmm1
    .globl psubb_xmm0_rdi
psubb_xmm0_rdi:
    psubb xmm0, [rdi]
    .globl pcmpeqb_xmm0_xmm1
pcmpeqb_xmm0_xmm1:
    pcmpeqb xmm0, xmm1
    .globl pmovmskb_eax_xmm0
pmovmskb_eax_xmm0:
    pmovmskb eax, xmm0
    .globl pminub_xmm0_xmm1
pminub_xmm0_xmm1:
    pminub xmm0, xmm1
    .globl pshufd_xmm0_xmm1_0x1b
pshufd_xmm0_xmm1_0x1b:
    pshufd xmm0, xmm1, 0x1b
    .globl pshufb_xmm0_xmm1
pshufb_xmm0_xmm1:
    pshufb xmm0, xmm1
    .globl punpcklbw_xmm0_xmm1
punpcklbw_xmm0_xmm1:
    punpcklbw xmm0, xmm1
    .globl psrldq_xmm0_4
psrldq_xmm0_4:
    psrldq xmm0, 4
    .globl pslld_xmm0_5
pslld_xmm0_5:
    pslld xmm0, 5
    .globl pmuludq_xmm0_xmm1
pmuludq_xmm0_xmm1:
    pmuludq xmm0, xmm1
    .globl palignr_xmm0_xmm1_3
palignr_xmm0_xmm1_3:
    palignr xmm0, xmm1, 3
    .globl packuswb_xmm0_xmm1
packuswb_xmm0_xmm1:
    packuswb xmm0, xmm1
    .globl pmaddwd_xmm0_xmm1
pmaddwd_xmm0_xmm1:
    pmaddwd xmm0, xmm1
    .globl ptest_xmm0_xmm1
ptest_xmm0_xmm1:
    ptest xmm0, xmm1
    .globl pinsrd_xmm0_eax_2
pinsrd_xmm0_eax_2:
    pinsrd xmm0, eax, 2
    .globl pextrq_rax_xmm0_1
pextrq_rax_xmm0_1:
    pextrq rax, xmm0, 1
    .globl addss_xmm0_xmm1
addss_xmm0_xmm1:
    addss xmm0, xmm1
    .globl addsd_xmm0_rdi
addsd_xmm0_rdi:
    addsd xmm0, [rdi]
    .globl mulps_xmm0_xmm1
mulps_xmm0_xmm1:
    mulps xmm0, xmm1
    .globl divpd_xmm0_xmm1
divpd_xmm0_xmm1:
    divpd xmm0, xmm1
    .globl sqrtsd_xmm0_xmm1
sqrtsd_xmm0_xmm1:
    sqrtsd xmm0, xmm1
    .globl minss_xmm0_xmm1
minss_xmm0_xmm1:
    minss xmm0, xmm1
    .globl ucomisd_xmm0_xmm1
ucomisd_xmm0_xmm1:
    ucomisd xmm0, xmm1
    .globl comiss_xmm0_rdi
comiss_xmm0_rdi:
    comiss xmm0, [rdi]
    .globl cvtsi2sd_xmm0_eax
cvtsi2sd_xmm0_eax:
    cvtsi2sd xmm0, eax
    .globl cvttsd2si_rax_xmm0
cvttsd2si_rax_xmm0:
    cvttsd2si rax, xmm0
    .globl cvtss2sd_xmm0_xmm1
cvtss2sd_xmm0_xmm1:
    cvtss2sd xmm0, xmm1
    .globl cvtdq2ps_xmm0_xmm1
cvtdq2ps_xmm0_xmm1:
    cvtdq2ps xmm0, xmm1
    .globl roundsd_xmm0_xmm1_1
roundsd_xmm0_xmm1_1:
    roundsd xmm0, xmm1, 1
    .globl cmpltps_xmm0_xmm1
cmpltps_xmm0_xmm1:
    cmpltps xmm0, xmm1
    .globl haddps_xmm0_xmm1
haddps_xmm0_xmm1:
    haddps xmm0, xmm1
    .globl andps_xmm0_xmm1
andps_xmm0_xmm1:
    andps xmm0, xmm1
    .globl shufps_xmm0_xmm1_0x4e
shufps_xmm0_xmm1_0x4e:
    shufps xmm0, xmm1, 0x4e
    .globl unpcklps_xmm0_xmm1
unpcklps_xmm0_xmm1:
    unpcklps xmm0, xmm1
    .globl aesenc_xmm0_xmm1
aesenc_xmm0_xmm1:
    aesenc xmm0, xmm1
    .globl pclmulqdq_xmm0_xmm1_1
pclmulqdq_xmm0_xmm1_1:
    pclmulqdq xmm0, xmm1, 1
    .globl sha256rnds2_xmm0_xmm1
sha256rnds2_xmm0_xmm1:
    sha256rnds2 xmm0, xmm1
    .globl vpaddd_ymm0_ymm1_ymm2
vpaddd_ymm0_ymm1_ymm2:
    vpaddd ymm0, ymm1, ymm2
    .globl vmovdqu_ymm0_rdi
vmovdqu_ymm0_rdi:
    vmovdqu ymm0, [rdi]
    .globl vaddps_ymm0_ymm1_ymm2
vaddps_ymm0_ymm1_ymm2:
    vaddps ymm0, ymm1, ymm2
    .globl vfmadd231sd_xmm0_xmm1_xmm2
vfmadd231sd_xmm0_xmm1_xmm2:
    vfmadd231sd xmm0, xmm1, xmm2
    .globl vpbroadcastb_ymm0_xmm1
vpbroadcastb_ymm0_xmm1:
    vpbroadcastb ymm0, xmm1
    .globl vpxor_xmm0_xmm1_xmm2
vpxor_xmm0_xmm1_xmm2:
    vpxor xmm0, xmm1, xmm2
    .globl vzeroupper
vzeroupper:
    vzeroupper
    .globl vextracti128_xmm0_ymm1_1
vextracti128_xmm0_ymm1_1:
    vextracti128 xmm0, ymm1, 1
    .globl fld_qword_ptr_rdi
fld_qword_ptr_rdi:
    fld qword ptr [rdi]
    .globl fstp_qword_ptr_rdi
fstp_qword_ptr_rdi:
    fstp qword ptr [rdi]
    .globl faddp
faddp:
    faddp
    .globl fld1
fld1:
    fld1
    .globl fxch
fxch:
    fxch
    .globl fild_dword_ptr_rdi
fild_dword_ptr_rdi:
    fild dword ptr [rdi]
    .globl fistp_qword_ptr_rdi
fistp_qword_ptr_rdi:
    fistp qword ptr [rdi]
    .globl fucomip_st_st_1
fucomip_st_st_1:
    fucomip st, st(1)
    .globl fnstcw_rdi
fnstcw_rdi:
    fnstcw [rdi]
    .globl fldcw_rdi
fldcw_rdi:
    fldcw [rdi]
    .globl jmp_0x20
jmp_0x20:
    jmp .Lfar_away
    .globl je_0x20
je_0x20:
    je .Lfar_away
    .globl jmp_rax
jmp_rax:
    jmp rax
    .globl jmp_rdi_rcx_8
jmp_rdi_rcx_8:
    jmp [rdi+rcx*8]
    .globl call_0x20
call_0x20:
    call .Lfar_away
    .globl call_rax
call_rax:
    call rax
    .globl ret
ret:
    ret
    .globl ret_8
ret_8:
    ret 8
    .globl syscall
syscall:
    syscall
    .globl cpuid
cpuid:
    cpuid
    .globl int3
int3:
    int3
    .globl ud2
ud2:
    ud2

# Where the branches go.
    .globl target
target:
.Lfar_away:
    nop
