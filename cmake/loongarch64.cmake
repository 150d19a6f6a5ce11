set(GANTRY_ARCH loongarch64)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
