// AES, SHA, carry-less products and CRC-32C by the cryptographic extensions (Arm ARM, C7.2), as
// rows of functions.def.
#pragma once

#include "emulator/jit/aarch64/functions.h"

namespace gantry::aarch64 {

void emit_aes_encrypt(Assembler& a, const Operands& o);
void emit_aes_encrypt_last(Assembler& a, const Operands& o);
void emit_aes_decrypt(Assembler& a, const Operands& o);
void emit_aes_decrypt_last(Assembler& a, const Operands& o);
void emit_aes_key_assist(Assembler& a, const Operands& o);

void emit_sha1_rounds(Assembler& a, const Operands& o);
void emit_sha1_next_e(Assembler& a, const Operands& o);
void emit_sha1_message1(Assembler& a, const Operands& o);
void emit_sha1_message2(Assembler& a, const Operands& o);
void emit_sha256_upper_words(Assembler& a, const Operands& o);
void emit_sha256_lower_words(Assembler& a, const Operands& o);
void emit_sha256_next_abcd(Assembler& a, const Operands& o);
void emit_sha256_next_efgh(Assembler& a, const Operands& o);
void emit_sha256_message1(Assembler& a, const Operands& o);
void emit_sha256_message2(Assembler& a, const Operands& o);
void emit_sha256_next_words(Assembler& a, const Operands& o);

void emit_carryless_multiply(Assembler& a, const Operands& o);
void emit_crc32c(Assembler& a, const Operands& o);

}  // namespace gantry::aarch64
