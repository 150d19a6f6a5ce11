set(GANTRY_ARCH riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
