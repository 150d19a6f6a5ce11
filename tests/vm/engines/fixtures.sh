# shellcheck shell=bash
# What the tests in engines/ run and install, made on this machine: build/vm-engines.

ENGINES_DIR=$BUILD/vm-engines
# What a Containerfile of the tests installs.
ENGINES_PACKAGES=make,sudo
ENGINES_SOURCE=zlib

ensure_engines_fixtures() {
  ensure_packages dpkg-dev gcc make
  ensure_image
  with_lock vm-engines make_engines_fixtures
}

# A tar of what main.sh needs in the folder above its own.
engines_files() {
  tar -c -C "$GANTRY_ROOT/tests" check.sh -C vm engines -C "$GANTRY_ROOT/deploy/ci" run-amd64-tests.sh \
    -C "$ENGINES_DIR" .
}

make_engines_fixtures() {
  local inputs
  inputs="trixie $ENGINES_PACKAGES $(<"$IMAGE_INPUTS") $(sha256sum <"${BASH_SOURCE[0]}")"
  inputs_changed "$ENGINES_DIR/.inputs" "$inputs" || return 0
  say "making what the tests of container engines install (once)"
  rm -rf "$ENGINES_DIR"
  mkdir -p "$ENGINES_DIR/debian"
  debian_tree trixie amd64 "$ENGINES_DIR/tree" --include="busybox-static,$ENGINES_PACKAGES" \
    --extract-hook="cp \"\$1\"/var/cache/apt/archives/*.deb '$ENGINES_DIR/debian/'"
  mv "$ENGINES_DIR/tree/usr/bin/busybox" "$ENGINES_DIR/busybox-amd64"
  rm -rf "$ENGINES_DIR/tree"
  make_repository "$ENGINES_DIR/debian"
  [[ $(host_arch) != x86_64 ]] || make_test_suite "$ENGINES_DIR/$ENGINES_SOURCE"
  record_inputs "$ENGINES_DIR/.inputs" "$inputs"
}

# A repository of the packages in DIR that the image has not.
make_repository() {
  local dir=$1 package archive
  tar -xOf "$IMAGE_TAR" ./var/lib/dpkg/status | sed -n 's/^Package: //p' >"$dir.installed"
  for archive in "$dir"/*.deb; do
    package=$(dpkg-deb --field "$archive" Package)
    ! grep -qx "$package" "$dir.installed" || rm "$archive"
  done
  rm "$dir.installed"
  (cd "$dir" && dpkg-scanpackages --multiversion . /dev/null >Packages 2>/dev/null)
}

# A Debian source package, built: what a build machine hands to one that runs its tests.
make_test_suite() {
  local dir=$1
  debian_source trixie "$ENGINES_SOURCE" "$dir"
  (cd "$dir" && ./configure && make -j"$(nproc)") >"$dir.log" 2>&1 ||
    die "could not build $ENGINES_SOURCE (log: $dir.log)"
}

# debian_source SUITE PACKAGE DIR: Debian's source of PACKAGE, with its patches.
debian_source() {
  local suite=$1 package=$2 dir=$3 apt=$3.apt options
  mkdir -p "$apt"/{lists/partial,cache/archives/partial}
  : >"$apt/status"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(main_mirror) $suite main" \
    >"$apt/sources.list"
  options=(-o "Dir::State=$apt" -o "Dir::State::Lists=$apt/lists" -o "Dir::State::Status=$apt/status"
    -o "Dir::Cache=$apt/cache" -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/nonexistent
    -o APT::Sandbox::User=root -o 'Acquire::Check-Valid-Until=false' -o Acquire::Retries=2)
  (cd "$apt" && apt-get -qq "${options[@]}" update &&
    apt-get -qq "${options[@]}" source --download-only "$package" &&
    dpkg-source --no-check --extract ./*.dsc source) >"$apt/log" 2>&1 || {
    tail -n 15 "$apt/log" >&2
    die "could not fetch the source of $package from Debian's mirror (log: $apt/log)"
  }
  rm -rf "$dir"
  mv "$apt/source" "$dir"
  rm -rf "$apt"
}
