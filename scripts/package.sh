# shellcheck shell=bash
# ./dev package: Debian packages by CPack, and the same programs as a tarball with a script that
# installs them.

# shellcheck source=scripts/build.sh
. "$GANTRY_ROOT/scripts/build.sh"

PACKAGES=$BUILD/packages
PACKAGED_ARCHITECTURES=(aarch64 riscv64 loongarch64)

package_usage() {
  cat <<'END_OF_USAGE'
Usage: ./dev package [ARCH…]

Builds Gantry for each ARCH (aarch64, riscv64, loongarch64; default: all three) and makes in
build/packages:

  gantry_VERSION_ARCH.deb           the programs, for dpkg and apt
  gantry-dbgsym_VERSION_ARCH.ddeb   symbols and line numbers of these, for debuggers
  gantry-VERSION-linux-ARCH.tar.xz  the same for any Linux; install.sh in it installs and removes

ARCH in these names is Debian's. The same sources give the same bytes.
END_OF_USAGE
}

cmd_package() {
  local archs=() arch
  for arch; do
    case $arch in
      -h | --help)
        package_usage
        return
        ;;
      x86_64) die "package: an x86-64 machine runs amd64 programs itself; packages are for ${PACKAGED_ARCHITECTURES[*]}" ;;
    esac
    is_arch "$arch" || die "package: '$arch' is not one of ${PACKAGED_ARCHITECTURES[*]}"
    archs+=("$arch")
  done
  ((${#archs[@]})) || archs=("${PACKAGED_ARCHITECTURES[@]}")
  ensure_packages cmake dpkg-dev file binutils xz-utils gzip
  # Dates in the packages: that of the sources.
  SOURCE_DATE_EPOCH=$(git -C "$GANTRY_ROOT" log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=0
  export SOURCE_DATE_EPOCH
  for arch in "${archs[@]}"; do
    ensure_built --target=gantry --target=gantry-runtime --target=gantry-x64 \
      --target=completions "$arch"
    with_lock "package-$arch" make_packages "$arch"
  done
}

make_packages() {
  local arch=$1 debian work=$PACKAGES/work.$1
  debian=$(debian_arch "$arch")
  say "packing for $debian"
  rm -rf "$work"
  mkdir -p "$work"
  if ! { make_debian_packages "$arch" "$work" && make_tarball "$arch" "$work"; } \
    >"$PACKAGES/$debian.log" 2>&1; then
    tail -n 20 "$PACKAGES/$debian.log" >&2
    die "packing failed (log: build/packages/$debian.log)"
  fi
  local file
  for file in "$work"/*.deb "$work"/*.ddeb "$work"/*.tar.xz; do
    mv "$file" "$PACKAGES/"
    echo "build/packages/${file##*/}"
  done
  rm -rf "$work"
}

make_debian_packages() { (cd "$BUILD/$1" && cpack -G DEB -B "$2"); }

make_tarball() {
  local arch=$1 work=$2 version name component
  version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$BUILD/$arch/CMakeCache.txt")
  name=gantry-$version-linux-$(debian_arch "$arch")
  mkdir -p "$work/$name"
  for component in Unspecified tarball; do
    cmake --install "$BUILD/$arch" --prefix "$work/$name/files" --component "$component"
  done
  find "$work/$name/files" -type f -perm /111 -name 'gantry*' -exec llvm-strip-19 {} +
  cp "$GANTRY_ROOT/deploy/tarball/install.sh" "$GANTRY_ROOT/LICENSE" "$work/$name/"
  echo "$arch" >"$work/$name/architecture"
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    -C "$work" -cJf "$work/$name.tar.xz" "$name"
}
