// The vDSO as the build made it from vdso.s.
    .section .rodata
    .globl gantry_vdso_image
    .globl gantry_vdso_image_end
    .balign 16
gantry_vdso_image:
    .incbin GANTRY_VDSO_FILE
gantry_vdso_image_end:
    .section .note.GNU-stack, "", %progbits
