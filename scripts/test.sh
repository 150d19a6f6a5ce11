# shellcheck shell=bash
# ./dev test: runs every test there is and adds them up.
#
# There are two kinds of suites:
#
# * The GoogleTest (and other CTest) programs of a build directory: suite x86_64 for this machine's
#   build, suite aarch64 under qemu-user. Each test case counts as one test.
# * Every executable tests/NAME/run: suite NAME. It is called as "run [PATTERN…]" (tests/programs/run
#   once an architecture, as "run --arch ARCH [PATTERN…]") in the tree's top folder, when this machine's and the aarch64 build are complete, with an empty standard input. With
#   PATTERNs it runs only the tests whose name contains one of them, without any all of its tests.
#   For each test it prints one line to standard output, as soon as that test is done:
#
#     ok NAME
#     not ok NAME
#     skip NAME REASON
#
#   NAME is one word. Every other line explains the failure that follows or precedes it and is shown
#   as it is, so a runner prints nothing else for tests that pass. It sets its own time limits. An
#   exit status other than 0 without any "not ok" counts as one failed test.
#
# The environment of every suite: GANTRY_ROOT (the tree), GANTRY_BUILD (its build folder),
# GANTRY_HOST (this machine's architecture), GANTRY_QEMU_AARCH64 (a static qemu-aarch64, empty where
# ARM64 programs run as they are).

# shellcheck source=scripts/build.sh disable=SC2153
. "$GANTRY_ROOT/scripts/build.sh"

TEST_DIR=$BUILD/test

cmd_test() {
  case ${1:-} in
    -h | --help)
      cat <<'END'
Usage: ./dev test [PATTERN…]

Builds for this machine and aarch64, runs all tests and ends with one line that sums them up. A
PATTERN selects the suites and the tests whose name contains it. Logs are in build/test.
END
      return
      ;;
    -*) die "test: unknown option '$1'" ;;
  esac
  # What gantry-runtime is compared with.
  ((EUID)) || ensure_packages crun runc
  # shellcheck disable=SC2119  # without arguments: the default architectures
  cmd_build

  export GANTRY_BUILT=yes GANTRY_BUILD=$BUILD GANTRY_HOST GANTRY_QEMU_AARCH64=''
  GANTRY_HOST=$(host_arch)
  [[ $GANTRY_HOST == aarch64 ]] || GANTRY_QEMU_AARCH64=$QEMU_USER/qemu-aarch64
  mkdir -p "$TEST_DIR"
  PASSED=0 FAILED=0 SKIPPED=0 FAILURES=()

  local arch runner
  for arch in $(default_archs); do
    run_suite "$arch" ctest_suite "$arch" "$@"
    # Program tests exist once and run with each build's gantry-x64.
    run_suite "programs-$arch" runner_suite programs --arch "$arch" -- "$@"
  done
  for runner in "$GANTRY_ROOT"/tests/*/run; do
    runner=$(basename "$(dirname "$runner")")
    [[ $runner == programs ]] || run_suite "$runner" runner_suite "$runner" -- "$@"
  done
  summary
}

# run_suite NAME COMMAND…: counts the lines that COMMAND prints and shows those that are not counts.
run_suite() {
  local name=$1 log=$TEST_DIR/$1.log status=0 line start=$SECONDS
  local passed=0 failed=0 skipped=0
  shift
  while IFS= read -r line; do
    case $line in
      'ok '*) passed=$((passed + 1)) ;;
      'skip '*) skipped=$((skipped + 1)) ;;
      'not ok '*)
        failed=$((failed + 1))
        FAILURES+=("$name/${line#not ok }")
        printf '%s: %s\n' "$name" "$line"
        ;;
      'suite exit status '*) status=${line##* } ;;
      *) printf '%s\n' "$line" ;;
    esac
  done < <(
    exec </dev/null
    "$@" 2>&1 | tee "$log" || status=$?
    echo "suite exit status $status"
  )
  if ((status != 0 && failed == 0)); then
    failed=1
    FAILURES+=("$name (exit status $status)")
    printf '%s: not ok: exit status %d (log: %s)\n' "$name" "$status" "${log#"$GANTRY_ROOT/"}"
  fi
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed)) SKIPPED=$((SKIPPED + skipped))
  say "$(printf '%-12s %5d ok %4d not ok %4d skipped %5d s' \
    "$name" "$passed" "$failed" "$skipped" "$((SECONDS - start))")"
}

# The one line at the end, on standard output; the exit status follows from it.
summary() {
  if ((FAILED)); then
    say "failed:"
    printf '      %s\n' "${FAILURES[@]}" >&2
  fi
  local skipped=''
  ((SKIPPED == 0)) || skipped=", $SKIPPED skipped"
  if ((PASSED + FAILED == 0)); then
    die "no test ran: nothing matches"
  fi
  printf '%d passed, %d failed%s\n' "$PASSED" "$FAILED" "$skipped"
  ((FAILED == 0))
}

# suite_patterns NAME PATTERN…: those that NAME's tests are selected by, a line each. A suite that a
# pattern names runs whole.
suite_patterns() {
  local name=$1 pattern
  shift
  for pattern; do
    [[ $name != *"$pattern"* ]] || return 0
  done
  (($# == 0)) || printf '%s\n' "$@"
}

# runner_suite NAME OPTION… -- PATTERN…
runner_suite() {
  local name=$1 options=() patterns
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  mapfile -t patterns < <(suite_patterns "$name" "$@")
  cd "$GANTRY_ROOT" || exit
  "tests/$name/run" "${options[@]}" "${patterns[@]}"
}

ctest_suite() {
  local arch=$1 patterns filter='*'
  shift
  mapfile -t patterns < <(suite_patterns "$arch" "$@")
  local options=(--test-dir "$BUILD/$arch" --verbose --parallel "$(nproc)" --timeout 600)
  if ((${#patterns[@]} == 0)); then
    ctest "${options[@]}" 2>/dev/null | ctest_to_lines
    return
  fi
  # Programs that a pattern names run whole, of the others the test cases that one names.
  local programs
  programs=$(printf '|%s' "${patterns[@]//[^a-zA-Z0-9_]/.}")
  programs=${programs:1}
  filter=$(printf ':*%s*' "${patterns[@]}")
  ctest "${options[@]}" --tests-regex "$programs" --no-tests=ignore 2>/dev/null |
    ctest_to_lines
  GTEST_FILTER=${filter:1} ctest "${options[@]}" --exclude-regex "$programs" --no-tests=ignore \
    2>/dev/null | ctest_to_lines only-cases
}

ctest_to_lines() { awk -v only_cases="${1:+1}" -f "$GANTRY_ROOT/scripts/ctest-lines.awk"; }
