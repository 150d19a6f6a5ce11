# shellcheck shell=bash
# ./dev build: one CMake build directory an architecture or variant, named as its preset.

# shellcheck source=scripts/sysroot.sh
. "$GANTRY_ROOT/scripts/sysroot.sh"
# shellcheck source=scripts/qemu.sh
. "$GANTRY_ROOT/scripts/qemu.sh"

BUILD_TOOLS=(clang-19 lld-19 llvm-19 cmake ninja-build ccache g++)
BUILD_LIBRARIES=(libyaml-cpp-dev libseccomp-dev libcap-dev libgtest-dev nlohmann-json3-dev
  libcli11-dev libtomlplusplus-dev libzydis-dev zlib1g-dev libarchive-dev libzstd-dev nettle-dev)

build_usage() {
  cat <<'END'
Usage: ./dev build [--compiler=clang|gcc] [--sanitize=KIND] [--target=NAME] [ARCH…]

Builds Gantry for each ARCH (x86_64, aarch64, riscv64, loongarch64; default: this machine's and
aarch64) into build/ARCH. The programs are in build/ARCH/bin: gantry-x64, gantry-runtime, gantry.

  --compiler=gcc    with g++-12 instead of clang-19; x86_64 only, into build/x86_64-gcc
  --sanitize=KIND   address, undefined or thread; x86_64 only, into build/x86_64-KIND
  --target=NAME     only this CMake target (may be repeated)
END
}

cmd_build() {
  local compiler=clang sanitize='' targets=() archs=() arch
  while (($#)); do
    case $1 in
      --compiler=clang | --compiler=gcc) compiler=${1#*=} ;;
      --sanitize=address | --sanitize=undefined | --sanitize=thread) sanitize=${1#*=} ;;
      --target=?*) targets+=("${1#*=}") ;;
      -h | --help)
        build_usage
        return
        ;;
      *)
        is_arch "$1" || {
          build_usage >&2
          die "build: '$1' is neither an option nor an architecture"
        }
        archs+=("$1")
        ;;
    esac
    shift
  done

  if [[ $compiler == gcc || $sanitize ]]; then
    [[ $compiler == clang || ! $sanitize ]] || die "build: sanitizers are built with clang alone"
    [[ $(host_arch) == x86_64 && ${archs[*]:-x86_64} == x86_64 ]] ||
      die "build: --compiler=gcc and --sanitize are for x86_64 on an x86-64 machine"
    if [[ $compiler == gcc ]]; then
      ensure_packages g++-12
      build_preset x86_64-gcc "${targets[@]}"
    else
      ensure_packages libclang-rt-19-dev
      build_preset "x86_64-$sanitize" "${targets[@]}"
    fi
    return
  fi

  ((${#archs[@]})) || mapfile -t archs < <(default_archs)
  for arch in "${archs[@]}"; do
    build_preset "$arch" "${targets[@]}"
  done
}

# For commands that use the build: ./dev test has made it when it calls them.
ensure_built() { [[ ${GANTRY_BUILT:-} ]] || cmd_build "$@"; }

default_archs() { printf '%s\n' "$(host_arch)" aarch64 | sort -u -r; }

# build_preset PRESET [TARGET…]
build_preset() {
  ensure_packages "${BUILD_TOOLS[@]}" "${BUILD_LIBRARIES[@]}"
  local arch=${1%%-*}
  if [[ $arch != "$(host_arch)" ]]; then
    ensure_sysroot "$arch"
    ensure_qemu_user
  fi
  with_lock "build-$1" configure_and_build "$@"
}

configure_and_build() {
  local preset=$1 dir=$BUILD/$1 inputs args=() quiet=() target
  shift
  cd "$GANTRY_ROOT" || exit
  # Ninja notices a changed CMakeLists.txt itself, but CMake takes compilers and initial flags from
  # the toolchain file only once.
  inputs=$(cat CMakePresets.json cmake/toolchain.cmake "cmake/${preset%%-*}.cmake" | sha256sum)
  if inputs_changed "$dir/.inputs" "$inputs"; then
    say "configuring $preset"
    cmake --preset "$preset" --fresh -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
      -DCMAKE_C_COMPILER_LAUNCHER=ccache >"$BUILD/$preset.configure.log" 2>&1 || {
      tail -n 25 "$BUILD/$preset.configure.log" >&2
      die "CMake could not configure $preset (log: build/$preset.configure.log)"
    }
    record_inputs "$dir/.inputs" "$inputs"
  fi

  say "building $preset"
  # With precompiled headers ccache needs to be told what does not matter.
  export CCACHE_SLOPPINESS=pch_defines,time_macros
  [[ -t 1 ]] || quiet=(--quiet)
  for target; do args+=("$target"); done
  # Without its lock a build must not go on, however this shell ends.
  setpriv --pdeathsig TERM ninja -C "$dir" -k 0 "${quiet[@]}" "${args[@]}" || die "the $preset build failed"
  say "built build/$preset/bin"
}
