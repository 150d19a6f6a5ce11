# GTest::gtest and GTest::gtest_main: Debian's archives, except on riscv64. There they come from
# Debian's sources, because lld cannot link what GCC makes of them: GCC's exception tables on RISC-V
# refer to labels in COMDAT sections, of which lld keeps one of several copies.

if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "riscv64")
  find_package(GTest REQUIRED)
else()
  set(googletest ${CMAKE_SYSROOT}/usr/src/googletest/googletest)
  add_library(gtest STATIC EXCLUDE_FROM_ALL ${googletest}/src/gtest-all.cc)
  add_library(gtest_main STATIC EXCLUDE_FROM_ALL ${googletest}/src/gtest_main.cc)
  foreach(name gtest gtest_main)
    add_library(GTest::${name} ALIAS ${name})
    target_include_directories(${name} SYSTEM PUBLIC ${googletest}/include PRIVATE ${googletest})
    # Its warnings are not ours.
    target_compile_options(${name} PRIVATE -w)
  endforeach()
  target_link_libraries(gtest_main PUBLIC gtest)
endif()
