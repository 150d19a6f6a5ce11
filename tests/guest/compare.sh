# shellcheck shell=bash
# For runners whose tests are small x86-64 programs: the same program runs natively and in gantry-x64,
# and standard output and exit status must be equal. The native kernel is the oracle.

# The architectures' tests have these names: NAME for x86_64, aarch64.NAME under qemu-user.
guest_build=${GANTRY_BUILD:-$GANTRY_ROOT/build}

# build_guest_program SOURCE OUTPUT [OPTION…]
build_guest_program() {
  [[ $2 -nt $1 && $2 -nt $GANTRY_ROOT/tests/guest/guest.h && $2 -nt $GANTRY_ROOT/tests/guest/cases.h &&
    $2 -nt $GANTRY_ROOT/tests/guest/exception_cases.h ]] && return
  mkdir -p "$(dirname "$2")"
  clang-19 --target=x86_64-linux-gnu -O1 -g -Wall -Wextra -pthread -I"$GANTRY_ROOT" "${@:3}" "$1" -o "$2" -lrt
}

# run_limited COMMAND…: its output, then a line with its status. In a process group of its own, with an
# own directory, without core files.
run_limited() {
  local directory status=0
  directory=$(mktemp -d)
  (cd "$directory" && ulimit -c 0 && exec timeout --kill-after=5 "${GUEST_TEST_TIMEOUT:-180}" "$@") \
    </dev/null 2>"$directory/.stderr" || status=$?
  echo "status $status"
  head -c 4000 "$directory/.stderr" >&2
  rm -rf "$directory"
}

# comparable: standard input without what only an Intel CPU answers as the emulated one, where this
# machine has another (tests/guest/cases.h): a case's line and those indented below it.
comparable() {
  if grep -q GenuineIntel /proc/cpuinfo; then cat; else
    awk '/^Intel: / { skips = 1; next } !/^  / { skips = 0 } !skips'
  fi
}

# compare_with_native PROGRAM EMULATOR…
compare_with_native() {
  local native emulated program=$1
  shift
  native=$(run_limited "$program" 2>/dev/null | comparable)
  emulated=$(run_limited "$@" "$program" | comparable)
  [[ $native == "$emulated" ]] && return
  diff <(echo "$native") <(echo "$emulated") | sed 's/^/  /'
  return 1
}

# compare_folder FOLDER [PATTERN…]: every program of the folder, compiled with what it says on a line
# "// options: …" besides the usual options.
compare_folder() {
  local folder=$1 source name program options
  shift
  if [[ $(uname -m) != x86_64 ]]; then
    for source in "$folder"/*.c; do echo "skip $(basename "$source" .c) needs an x86-64 machine to compare with"; done
    return
  fi
  for source in "$folder"/*.c; do
    name=$(basename "$source" .c)
    wanted "$name" "$@" || continue
    program=$guest_build/guest/$(basename "$folder")/$name
    read -ra options < <(sed -n 's|^// options: ||p' "$source")
    build_guest_program "$source" "$program" "${options[@]}" || { echo "not ok $name"; continue; }
    check "$name" -- compare_with_native "$program" "${GANTRY_X64:-$guest_build/x86_64/bin/gantry-x64}"
  done
}
