// What the host can do beyond ARMv8.0.
#pragma once

#include <string>
#include <string_view>

namespace gantry::aarch64 {

struct Features {
  bool lse = false;      // atomic instructions
  bool lse2 = false;     // ordered accesses at any address within 16 bytes
  bool rcpc = false;     // LDAPR
  bool rcpc2 = false;    // LDAPUR, STLUR
  bool flagm = false;    // CFINV, RMIF, SETF
  bool flagm2 = false;   // AXFLAG, XAFLAG
  bool frintts = false;  // FRINT32, FRINT64
  bool afp = false;      // x86's treatment of denormals and NaNs
  bool dotprod = false;
  bool aes = false;
  bool pmull = false;
  bool sha1 = false;
  bool sha2 = false;
  bool crc32 = false;
};

// Those of this process. They are detected at the first call of prepare_features().
const Features& features();

// Detects them, and leaves out those that `without` names, separated by commas ("all" for all of
// them). False when it names one that there is not.
bool prepare_features(std::string_view without);

// From now on as if the host had all of them: for looking at code that is not executed.
void assume_all_features();

// The names of those that there are, separated by commas.
std::string feature_names();

}  // namespace gantry::aarch64
