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
  make_cri_document "$ENGINES_DIR/cri.proto"
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

# The calls of Kubernetes' CRI, in the language of protoc: without the annotations for another generator
# of code, whose own document would have to be there.
make_cri_document() {
  local package=golang-github-kubernetes-cri-api-dev
  apt_of_suite "$1.apt" deb trixie download $package
  dpkg-deb --fsys-tarfile "$1.apt"/$package*.deb |
    tar -xO ./usr/share/gocode/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto | sed '/gogoproto/d' >"$1"
  rm -rf "$1.apt"
}

# debian_source SUITE PACKAGE DIR: Debian's source of PACKAGE, with its patches.
debian_source() {
  local suite=$1 package=$2 dir=$3 apt=$3.apt
  apt_of_suite "$apt" deb-src "$suite" source --download-only "$package"
  (cd "$apt" && dpkg-source --no-check --extract ./*.dsc source) >"$apt/log" 2>&1 ||
    die "could not unpack the source of $package (log: $apt/log)"
  rm -rf "$dir"
  mv "$apt/source" "$dir"
  rm -rf "$apt"
}

# apt_of_suite DIR TYPE SUITE WORD…: apt-get in DIR, which knows of SUITE alone; TYPE is deb or deb-src.
apt_of_suite() {
  local apt=$1 type=$2 suite=$3 options
  shift 3
  mkdir -p "$apt"/{lists/partial,cache/archives/partial}
  : >"$apt/status"
  echo "$type [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(main_mirror) $suite main" \
    >"$apt/sources.list"
  options=(-o "Dir::State=$apt" -o "Dir::State::Lists=$apt/lists" -o "Dir::State::Status=$apt/status"
    -o "Dir::Cache=$apt/cache" -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/nonexistent
    -o APT::Sandbox::User=root -o 'Acquire::Check-Valid-Until=false' -o Acquire::Retries=2)
  (cd "$apt" && apt-get -qq "${options[@]}" update && apt-get -qq "${options[@]}" "$@") >"$apt/log" 2>&1 || {
    tail -n 15 "$apt/log" >&2
    die "apt-get $* failed with Debian's mirror (log: $apt/log)"
  }
}
