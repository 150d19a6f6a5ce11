# shellcheck shell=bash
# ./dev listings: makes what tests/listings compares with anew.

# shellcheck source=scripts/build.sh disable=SC2153
. "$GANTRY_ROOT/scripts/build.sh"

cmd_listings() {
  case ${1:-} in
    '') ;;
    -h | --help)
      cat <<'END'
Usage: ./dev listings

Builds, translates the sources of tests/listings and writes their ARM64 code to *.golden there. Look at
the difference before you commit it.
END
      return
      ;;
    *) die "listings: unknown argument '$1'" ;;
  esac
  # shellcheck disable=SC2119  # without arguments: the default architectures
  cmd_build
  GANTRY_BUILD=$BUILD "$GANTRY_ROOT/tests/listings/run" --bless
}
