# shellcheck shell=bash
# Debian trees of any architecture and suite, made with mmdebstrap from Debian's own packages.

# The mirror that this machine's apt uses, for the case below.
main_mirror() {
  # shellcheck disable=SC2016  # apt expands it, not the shell
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk '!/security/ && !found++'
}

# debian_tree SUITE ARCH DIR MMDEBSTRAP-ARGUMENTS…: an extracted tree (no maintainer scripts run, so
# no emulator is needed) of Debian architecture ARCH at DIR. DIR appears only when it is complete.
debian_tree() {
  local suite=$1 arch=$2 dir=$3 part=$3.part log=$3.log mirror=() try
  shift 3
  ensure_packages mmdebstrap debian-archive-keyring
  mkdir -p "$(dirname "$dir")"
  for try in own main; do
    # Debian's mirrors are now and then caught with a security or updates index half replaced, and
    # the suites of a machine without deb.debian.org come from its own mirror: the second try takes
    # the main suite alone, from the mirror that apt uses here.
    [[ $try == own ]] || mirror=("$(main_mirror)")
    rm -rf "$part"
    if mmdebstrap --quiet --variant=extract --architectures="$arch" \
      --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "2"' \
      "$@" "$suite" "$part" "${mirror[@]}" >"$log" 2>&1; then
      merge_usr "$part"
      rm -rf "$dir"
      mv "$part" "$dir"
      rm -f "$log"
      return
    fi
  done
  rm -rf "$part"
  tail -n 15 "$log" >&2
  die "mmdebstrap could not make the $arch tree of Debian $suite (log: $log).
  It needs Debian's mirror; see that 'apt-get update' works, then run the command again."
}

# first_suite ARCH: Debian 13, or what came after it: LoongArch did.
first_suite() { if [[ $1 == loongarch64 ]]; then echo forky; else echo trixie; fi; }

# Since Debian 13 only the base-files maintainer scripts make the links of the merged /usr.
merge_usr() {
  local dir=$1 name
  for name in bin sbin lib lib64; do
    [[ -e $dir/$name || -L $dir/$name ]] && continue
    mkdir -p "$dir/usr/$name"
    ln -s "usr/$name" "$dir/$name"
  done
}
