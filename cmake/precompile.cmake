# The libraries of JSON, of command lines and of tests take longer to read than what uses them to
# compile: with clang they are read once. g++'s build, which is there for its warnings, does without;
# there each file must include what it uses.

# gantry_precompile(TARGET HEADER…): read these (paths from here, or <NAME>) before each file of TARGET.
# gantry_precompile(TARGET REUSE_FROM OTHER): what is read for OTHER; both are libraries, or programs.
function(gantry_precompile target)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    return()
  endif()
  if(NOT ARGV1 STREQUAL "REUSE_FROM")
    list(TRANSFORM ARGN REPLACE "^[^<].*" "${PROJECT_SOURCE_DIR}/\\0")
    list(PREPEND ARGN PRIVATE)
  endif()
  target_precompile_headers(${target} ${ARGN})
  # The same header is the same file when it is made again, which is what ccache goes by.
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()
