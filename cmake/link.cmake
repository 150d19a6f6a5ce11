# How our programs are linked, and the sanitized builds.

set(GANTRY_SANITIZE "" CACHE STRING "Sanitizer to build with: address, undefined or thread")
set_property(CACHE GANTRY_SANITIZE PROPERTY STRINGS "" address undefined thread)

if(GANTRY_SANITIZE)
  add_compile_options(-fsanitize=${GANTRY_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GANTRY_SANITIZE})
  if(GANTRY_SANITIZE STREQUAL "undefined")
    # A test fails only when the process does.
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

# gantry_static_program(TARGET): link TARGET so that it runs in any root filesystem, with no library
# found there. The sanitizers' run-time libraries only work in dynamic programs.
function(gantry_static_program target)
  if(NOT GANTRY_SANITIZE)
    target_link_options(${target} PRIVATE -static-pie)
  endif()
endfunction()

# The emulator is optimised as a whole where it translates: what makes an instruction's code is spread
# over several folders. Objects hold machine code, too, so that tests are linked as usual.
set(GANTRY_LTO OFF)
if(GANTRY_ARCH STREQUAL "aarch64" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT GANTRY_SANITIZE)
  set(GANTRY_LTO ON)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-flto=thin> $<$<COMPILE_LANGUAGE:CXX>:-ffat-lto-objects>)
endif()

# gantry_optimised_program(TARGET): link TARGET so.
function(gantry_optimised_program target)
  if(GANTRY_LTO)
    target_link_options(${target} PRIVATE -flto=thin -Wl,--fat-lto-objects
                        -Wl,--thinlto-cache-dir=${PROJECT_BINARY_DIR}/thinlto)
  endif()
endfunction()

# gantry_static_dependency(TARGET LIBRARY): imports Debian's static archive of LIBRARY as TARGET.
# Debian's own CMake and pkg-config files name the shared one.
function(gantry_static_dependency target library)
  find_library(${target}_ARCHIVE lib${library}.a REQUIRED)
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${${target}_ARCHIVE})
endfunction()

gantry_static_dependency(gantry_yaml_cpp yaml-cpp)
target_compile_definitions(gantry_yaml_cpp INTERFACE YAML_CPP_STATIC_DEFINE)
gantry_static_dependency(gantry_seccomp seccomp)
gantry_static_dependency(gantry_cap cap)

# Of libarchive a program takes what it calls: tar, gzip and zstd.
gantry_static_dependency(gantry_zstd zstd)
gantry_static_dependency(gantry_zlib z)
gantry_static_dependency(gantry_archive archive)
target_link_libraries(gantry_archive INTERFACE gantry_zstd gantry_zlib)
gantry_static_dependency(gantry_nettle nettle)
