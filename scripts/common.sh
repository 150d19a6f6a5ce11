# shellcheck shell=bash
# What every subcommand of ./dev shares: messages, places, architectures, packages, locks.

BUILD=$GANTRY_ROOT/build

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
warn() { printf 'dev: warning: %s\n' "$*" >&2; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# A terminal gets bold headings, a file or a pipe plain ones.
if [[ ! -t 2 ]]; then
  say() { printf '==> %s\n' "$*" >&2; }
fi

# Architectures have two names: the kernel's (uname -m, QEMU, our folders) and Debian's.
ARCHITECTURES=(x86_64 aarch64 riscv64 loongarch64)

host_arch() { uname -m; }

debian_arch() {
  case $1 in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    riscv64) echo riscv64 ;;
    loongarch64) echo loong64 ;;
    *) return 1 ;;
  esac
}

is_arch() { [[ " ${ARCHITECTURES[*]} " == *" $1 "* ]]; }

# ensure_packages PACKAGE…: installs those that are missing. Asks the network only then.
ensure_packages() {
  local package missing=()
  for package; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  [[ $EUID == 0 ]] || die "these packages are missing; run as root, or install them yourself:
  apt-get install ${missing[*]}"
  say "installing with apt: ${missing[*]}"
  mkdir -p "$BUILD"
  local log=$BUILD/apt.log
  # Package lists may be absent (a fresh container) or older than the mirror: refresh, and go on with
  # what is there when one source of several does not answer.
  apt-get -qq update >"$log" 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=900 -o Dpkg::Use-Pty=0 install "${missing[@]}" >>"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    die "apt could not install ${missing[*]} (whole log: $log).
  Gantry builds on Debian 12 and 13; see that 'apt-get update' works, then run the command again."
  }
}

# with_lock NAME COMMAND…: COMMAND alone among the ./dev commands of this tree that ask for NAME.
with_lock() {
  local name=$1
  shift
  mkdir -p "$BUILD/.locks"
  exec 9>"$BUILD/.locks/$name"
  flock -n 9 || {
    say "waiting for another ./dev that works on $name"
    flock 9
  }
  # Closed for COMMAND, so that no daemon of it keeps the lock: bash holds its own copy meanwhile.
  "$@" 9>&-
  exec 9>&-
}

# inputs_changed STAMP TEXT: true unless STAMP holds TEXT, the description of what a cached thing
# was made of. record_inputs writes it, when the thing is complete.
inputs_changed() { [[ ! -f $1 || $(<"$1") != "$2" ]]; }
record_inputs() { printf '%s\n' "$2" >"$1"; }
