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
