// Exceptions of VEX-encoded instructions: alignment, masked elements, gathers, encodings, page crossings.
#include "tests/guest/exception_cases.h"

// --- alignment: only the moves that say so
CASE("vmovaps load", "vmovaps 1(%rdi), %xmm0");
CASE("vmovaps load 32", "vmovaps 16(%rdi), %ymm0");
CASE("vmovaps load 32 aligned", "vmovaps 32(%rdi), %ymm0");
CASE("vmovapd store", "vmovapd %xmm0, 8(%rdi)");
CASE("vmovdqa store 32", "vmovdqa %ymm0, 16(%rdi)");
CASE("vmovdqa unaligned and unmapped", "vmovdqa 16(%rbx), %ymm0");
CASE("vmovdqa unaligned with rbp", "vmovdqa 1(%rbp), %ymm0");
CASE("vmovntps", "vmovntps %ymm0, 16(%rdi)");
CASE("vmovntdq", "vmovntdq %xmm0, 2(%rdi)");
CASE("vmovntdqa", "vmovntdqa 16(%rdi), %ymm0");
CASE("vmovups", "vmovups 1(%rdi), %ymm0");
CASE("vaddps", "vaddps 1(%rdi), %ymm0, %ymm0");
CASE("vpaddd", "vpaddd 1(%rdi), %xmm0, %xmm0");
CASE("vpcmpistri", "vpcmpistri $0, 1(%rdi), %xmm0");
CASE("vaesenc", "vaesenc 1(%rdi), %xmm0, %xmm0");

// --- pages
CASE("vmovups load unmapped", "vmovups (%rbx), %ymm0");
CASE("vmovups store unmapped", "vmovups %ymm0, (%rbx)");
CASE("vmovups store read-only", "vmovups %ymm0, (%rsi)");
CASE("vmovups load crossing", "vmovups (%r10), %ymm0");
CASE("vmovups store crossing", "vmovups %ymm0, -16(%r10)");
CASE("vmovups store crossing to read-only", "vmovups %ymm0, (%r12)");
CASE("vmovups crossing from unmapped", "vmovups 0x7f8(%rbx), %ymm0; vmovups -8-0x800(%rdi), %ymm0");
CASE("vmovups non-canonical", "vmovups (%rdx), %ymm0");
CASE("vmovups non-canonical with rbp", "mov %rdx, %rbp; vmovups (%rbp), %ymm0");
CASE("vmovups kernel", "vmovups (%r8), %ymm0");
CASE("vmovups across the limit", "vmovups -8(%r14), %ymm0");
CASE("vmovups across the limit with rbp", "lea -8(%r14), %rbp; vmovups (%rbp), %ymm0");
CASE("vbroadcastf128 unmapped", "vbroadcastf128 (%rbx), %ymm0");
CASE("vbroadcastss crossing", "vbroadcastss (%r10), %ymm0");
CASE("vextractf128 read-only", "vextractf128 $1, %ymm0, (%rsi)");
CASE("vinsertf128 unmapped", "vinsertf128 $1, (%rbx), %ymm0, %ymm0");
CASE("vpmovzxbq unmapped", "vpmovzxbq (%rbx), %ymm0");
CASE("vmovss store read-only", "vmovss %xmm0, (%rsi)");
CASE("vpextrb unmapped", "vpextrb $1, %xmm0, (%rbx)");
CASE("vfmadd unmapped", "vfmadd231ps (%rbx), %ymm0, %ymm1");

// --- masked moves
#define ALL "vpcmpeqd %ymm1, %ymm1, %ymm1; "
#define NONE "vpxor %xmm1, %xmm1, %xmm1; "
#define LAST NONE "mov $0x80000000, %eax; vmovd %eax, %xmm2; vpslldq $12, %xmm2, %xmm2; vinserti128 $1, %xmm2, %ymm1, %ymm1; "
CASE("vmaskmovps load none", NONE "vmaskmovps (%rbx), %ymm1, %ymm0");
CASE("vmaskmovps load all", ALL "vmaskmovps (%rbx), %ymm1, %ymm0");
CASE("vmaskmovps store none", NONE "vmaskmovps %ymm0, %ymm1, (%rsi)");
CASE("vmaskmovps store all", ALL "vmaskmovps %ymm0, %ymm1, (%rsi)");
CASE("vmaskmovps store unmapped", ALL "vmaskmovps %ymm0, %ymm1, (%rbx)");
CASE("vmaskmovps crossing, last", LAST "vmaskmovps -20(%r10), %ymm1, %ymm0");
CASE("vmaskmovps crossing, all", ALL "vmaskmovps -10(%r10), %ymm1, %ymm0");
CASE("vmaskmovps crossing into mapped, last", LAST "mov $0x0ffffff0, %ebx; vmaskmovps (%rbx), %ymm1, %ymm0");
CASE("vmaskmovps crossing into mapped, all", ALL "mov $0x0ffffff0, %ebx; vmaskmovps (%rbx), %ymm1, %ymm0");
INTELS_CASE("vpmaskmovd store crossing", ALL "vpmaskmovd %ymm0, %ymm1, -10(%r10)");
INTELS_CASE("vpmaskmovq store crossing to read-only", ALL "vpmaskmovq %ymm0, %ymm1, -6(%r12)");
CASE("vmaskmovpd non-canonical none", NONE "vmaskmovpd (%rdx), %ymm1, %ymm0");
CASE("vmaskmovpd non-canonical all", ALL "vmaskmovpd (%rdx), %ymm1, %ymm0");
INTELS_CASE("vmaskmovdqu unmapped none", NONE "mov %ebx, %edi; vmaskmovdqu %xmm1, %xmm0");
INTELS_CASE("vmaskmovdqu unmapped all", ALL "mov %ebx, %edi; vmaskmovdqu %xmm1, %xmm0");

// --- gathers
CASE("vpgatherdd unmapped", ALL "vpxor %ymm2, %ymm2, %ymm2; vpgatherdd %ymm1, (%rbx,%ymm2,4), %ymm0");
CASE("vpgatherdd none", NONE "vpxor %ymm2, %ymm2, %ymm2; vpgatherdd %ymm1, (%rbx,%ymm2,4), %ymm0");
CASE("vpgatherdq crossing", ALL "vpxor %xmm2, %xmm2, %xmm2; vpgatherdq %ymm1, (%r10,%xmm2,1), %ymm0");
CASE("vgatherqps non-canonical", ALL "vpxor %ymm2, %ymm2, %ymm2; vgatherqps %xmm1, (%rdx,%ymm2,1), %xmm0");
CASE("vpgatherdd same registers", ".byte 0xc4, 0xe2, 0x75, 0x90, 0x04, 0x8f");

// --- encodings
CASE("vex.vvvv not 15", ".byte 0xc5, 0xe8, 0x28, 0xc1");
CASE("vex.L of a scalar integer", ".byte 0xc4, 0xe2, 0x7c, 0xf2, 0xc0");
CASE("vex.L of vmovd", ".byte 0xc5, 0xfd, 0x6e, 0xc0");
CASE("vex.W of vpermilps", ".byte 0xc4, 0xe2, 0xf9, 0x0c, 0xc0");
CASE("66 before vex", ".byte 0x66, 0xc5, 0xf8, 0x28, 0xc0");
CASE("f2 before vex", ".byte 0xf2, 0xc5, 0xf8, 0x28, 0xc0");
CASE("f3 before vex", ".byte 0xf3, 0xc5, 0xf8, 0x28, 0xc0");
CASE("rex before vex", ".byte 0x40, 0xc5, 0xf8, 0x28, 0xc0");
CASE("lock before vex", ".byte 0xf0, 0xc5, 0xf8, 0x28, 0x07");
CASE("vex map 4", ".byte 0xc4, 0xe4, 0x78, 0x28, 0xc0");
CASE("vex map 0", ".byte 0xc4, 0xe0, 0x78, 0x28, 0xc0");
CASE("vex without an instruction", ".byte 0xc5, 0xf8, 0x04, 0xc0");
CASE("vmovhlps with memory is vmovlps", ".byte 0xc5, 0xf8, 0x12, 0x03");
CASE("vmovntps register", ".byte 0xc5, 0xf8, 0x2b, 0xc0");
CASE("vzeroupper", "vzeroupper");
CASE("vzeroall with vvvv", ".byte 0xc5, 0xe8, 0x77");

// --- floating point
#define UNMASK_SSE(mxcsr, a, b) \
  "movl $" mxcsr ", (%rdi); ldmxcsr (%rdi); mov $" a ", %eax; vmovd %eax, %xmm0; mov $" b ", %eax; vmovd %eax, %xmm1; "
CASE("vdivss zero divide", UNMASK_SSE("0x1d80", "0x3f800000", "0") "vdivss %xmm1, %xmm0, %xmm2");
CASE("vmulps overflow", UNMASK_SSE("0x1b80", "0x7f7fffff", "0x7f7fffff") "vmulps %ymm1, %ymm0, %ymm2");
CASE("vaddps denormal", UNMASK_SSE("0x1e80", "1", "0x3f800000") "vaddps %ymm1, %ymm0, %ymm2");
CASE("vfmadd invalid", UNMASK_SSE("0x1f00", "0x7f800000", "0") "vfmadd231ss %xmm1, %xmm0, %xmm2");
CASE("vcvtps2dq invalid", UNMASK_SSE("0x1f00", "0x7fc00000", "0") "vcvtps2dq %ymm0, %ymm1");
CASE("vcmpps quiet", UNMASK_SSE("0x1f00", "0x7fc00000", "0") "vcmpeqps %ymm0, %ymm1, %ymm2");
CASE("vcmpps signaling", UNMASK_SSE("0x1f00", "0x7fc00000", "0") "vcmpltps %ymm0, %ymm1, %ymm2");
CASE("vpaddd with pending x87", "movw $0x37b, (%rdi); fldcw (%rdi); fld1; fldz; fdivrp; vpaddd %ymm0, %ymm1, %ymm2");

int main(void) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    printf("no AVX2\n");
    return 0;
  }
  map_case_pages();
  use_alternate_stack();
  finish_code();
  run_all();
  return 0;
}
