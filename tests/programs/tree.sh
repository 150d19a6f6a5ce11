# shellcheck shell=bash
# The Debian amd64 tree whose programs the tests run, installed for real, since dpkg, apt and the
# alternatives are part of what is tested. Needs an x86-64 machine: maintainer scripts run natively.

# shellcheck source=scripts/debian.sh
. "$GANTRY_ROOT/scripts/debian.sh"

PROGRAMS_TREE=$BUILD/programs/tree
PROGRAMS_INPUTS=$BUILD/programs/tree.inputs
PROGRAMS_PACKAGES=bash,bc,binutils,bzip2,busybox-static,coreutils,dc,diffutils,file,findutils,gawk,gcc
PROGRAMS_PACKAGES+=,git,grep,gzip,jq,libc6-dev,lua5.4,make,musl,musl-dev,musl-tools,openssl,patch,perl
PROGRAMS_PACKAGES+=,procps,python3,sed,sqlite3,tar,time,util-linux,xz-utils,zstd
ESBUILD_VERSION=0.25.0

ensure_programs_tree() { with_lock programs make_programs_tree; }

make_programs_tree() {
  local inputs
  inputs="trixie $PROGRAMS_PACKAGES $ESBUILD_VERSION $(declare -f finish_programs_tree | sha256sum)"
  inputs_changed "$PROGRAMS_INPUTS" "$inputs" || return 0
  say "making the amd64 tree of the program tests from Debian trixie's packages (once)"
  debian_tree trixie amd64 "$PROGRAMS_TREE" --variant=minbase --include="$PROGRAMS_PACKAGES"
  finish_programs_tree "$PROGRAMS_TREE"
  record_inputs "$PROGRAMS_INPUTS" "$inputs"
}

finish_programs_tree() {
  local tree=$1
  rm -rf "$tree"/usr/share/{doc,man,locale,info} "$tree"/var/cache/apt/archives/*.deb
  mkdir -p "$tree/opt/gantry"
  # A program linked against musl, to be started through musl's own dynamic loader.
  cat >"$tree/opt/gantry/musl.c" <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static void *twice(void *n) { return (void *)(2 * (long)n); }
int main(int argc, char **argv) {
  long sum = 0;
  for (long n = 0; n < 8; n++) {
    pthread_t thread;
    void *result;
    if (pthread_create(&thread, 0, twice, (void *)n)) return 1;
    pthread_join(thread, &result);
    sum += (long)result;
  }
  struct timespec now;
  printf("%d %s %ld %.17g %d\n", argc, argv[argc - 1], sum, strtod("2.5e-3", 0) / 3,
         clock_gettime(CLOCK_MONOTONIC, &now));
  return 7;
}
END
  chroot "$tree" musl-gcc -O2 -o /opt/gantry/musl-dynamic /opt/gantry/musl.c
  fetch_esbuild "$tree/opt/gantry"
}

# esbuild is a Go program; npm's package for linux-x64 holds just the executable.
fetch_esbuild() {
  local dir=$1 part
  command -v npm >/dev/null || ensure_packages npm
  part=$(mktemp -d)
  (cd "$part" && npm pack --silent "@esbuild/linux-x64@$ESBUILD_VERSION" >/dev/null) ||
    die "npm could not fetch @esbuild/linux-x64@$ESBUILD_VERSION; see that 'npm view esbuild' works"
  tar -C "$part" -xzf "$part"/*.tgz package/bin/esbuild
  install "$part/package/bin/esbuild" "$dir/esbuild"
  rm -rf "$part"
}
