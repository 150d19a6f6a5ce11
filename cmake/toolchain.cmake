# clang and lld 19 for GANTRY_ARCH, which the file that includes this one has set. On a machine of
# that architecture the build is native; otherwise it compiles against build/sysroot/ARCH, which
# ./dev build makes.

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_ASM_COMPILER clang-19)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld-19")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-fuse-ld=lld-19")

execute_process(COMMAND uname -m OUTPUT_VARIABLE machine OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT GANTRY_ARCH STREQUAL machine)
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_SYSTEM_PROCESSOR ${GANTRY_ARCH})
  set(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${GANTRY_ARCH})
  get_filename_component(CMAKE_SYSROOT ${CMAKE_SYSROOT} ABSOLUTE)
  foreach(language C CXX ASM)
    set(CMAKE_${language}_COMPILER_TARGET ${GANTRY_ARCH}-linux-gnu)
  endforeach()

  # Headers, libraries and packages come from the sysroot, programs (ccache, objcopy) from here.
  set(CMAKE_FIND_ROOT_PATH ${CMAKE_SYSROOT})
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

  # Everything that is cross-built is static: QEMU then runs it with no library path, and a program
  # of ours sees this machine's own files and not those of the sysroot.
  if(GANTRY_ARCH STREQUAL "aarch64")
    # At a fixed address: tests/CMakeLists.txt.
    string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " -static")
  else()
    string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " -static-pie")
  endif()
  # ./dev build puts the QEMU here that is new enough for the architecture.
  set(CMAKE_CROSSCOMPILING_EMULATOR
      ${CMAKE_CURRENT_LIST_DIR}/../build/qemu/usr/bin/qemu-${GANTRY_ARCH})
  get_filename_component(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_CROSSCOMPILING_EMULATOR} ABSOLUTE)
endif()
