# shellcheck shell=bash
# ./dev vectors: records what this machine's CPU answers, for tests on machines of other kinds.

# shellcheck source=scripts/build.sh disable=SC2153
. "$GANTRY_ROOT/scripts/build.sh"

VECTORS=$GANTRY_ROOT/tests/vectors/x86-64.vectors.gz

cmd_vectors() {
  case ${1:-} in
    -h | --help)
      cat <<'END'
Usage: ./dev vectors [--cases=N]

Runs N random cases (default: 100) of each instruction on this machine's CPU, an Intel one with
AVX2, and writes its answers to tests/vectors/x86-64.vectors.gz, which the test "replay" compares
with on every architecture. To be run when the opcode table or the generator in tests/oracle has
changed.
END
      return
      ;;
    --cases=*) set -- --cases "${1#*=}" ;;
    '') ;;
    *) die "vectors: unknown argument '$1'" ;;
  esac
  [[ $(host_arch) == x86_64 ]] || die "vectors: only an x86-64 machine can answer"
  cmd_build --target=oracle x86_64
  mkdir -p "$(dirname "$VECTORS")"
  "$BUILD/x86_64/bin/oracle" --record "$VECTORS" "$@" || die "vectors: nothing was recorded"
  say "wrote ${VECTORS#"$GANTRY_ROOT/"}, $(stat -c %s "$VECTORS") bytes"
}
