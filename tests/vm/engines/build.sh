# shellcheck shell=bash disable=SC2016,SC2154
# Images built by engines: every RUN step is a container of ours.

build_context() {
  mkdir -p "$work/context"
  cat >"$work/context/Containerfile" <<'END'
FROM localhost/gantry-demo
ARG packages
RUN echo 'deb [trusted=yes] file:/srv/debian ./' >/etc/apt/sources.list && apt-get -q update && \
  DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install $packages
RUN echo 'user:x:1000:1000::/:/bin/bash' >>/etc/passwd && mkdir -p /etc/sudoers.d && \
  echo 'user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/user && \
  printf '%s required pam_permit.so\n' auth account session | tee /etc/pam.d/sudo >/etc/pam.d/other && \
  (uname -m; grep -m 1 -o Gantry /proc/cpuinfo) >/built-on
END
}

# build ENGINE TAG PACKAGES
build() {
  local engine=$1 tag=$2 packages=$3
  "$engine" build --layers=false --platform linux/amd64 --runtime /usr/bin/gantry-runtime --network none \
    --volume "$root/debian:/srv/debian:ro" --build-arg "packages=$packages" --tag "$tag" "$work/context" \
    </dev/null
}

podman_build() {
  build podman localhost/with-packages 'make sudo' || return
  equal "$IS_EMULATED" "$(podman run --rm --platform linux/amd64 --network none localhost/with-packages cat /built-on)"
}
buildah_build() { build buildah localhost/with-make make; }

# The packages' own maintainer scripts ran, and dpkg knows it.
podman_built() { built_image localhost/with-packages; }
buildah_built() { built_image localhost/with-make; }
built_image() {
  equal 'install ok installed' "$(podman run --rm --platform linux/amd64 --network none "$1" \
    dpkg-query -W -f '${Status}' make </dev/null)"
}

# A Debian source package's tests, as a CI service runs them on what a build machine made.
test_suite() {
  cp -a "$root/zlib" "$work/zlib" && cd "$work/zlib" || return
  contains "$(ENGINE_OPTIONS='--network none' sh "$root/run-amd64-tests.sh" localhost/with-packages make check 2>&1)" \
    '*** zlib test OK ***' '*** zlib shared test OK ***' '*** zlib 64-bit test OK ***'
}

# sudo gets its rights from the kernel, by an entry of binfmt_misc.
sudo_container() { podman run --rm --platform linux/amd64 --network none --user 1000 localhost/with-packages "$@" </dev/null; }
sudo_without_binfmt() { fails_with 1 'sudo: ' sudo_container sudo -n id -u; }
sudo_by_binfmt() {
  local found
  gantry binfmt register >/dev/null || return
  found=$(sudo_container sh -c 'id -u; sudo -n id -u; sudo -n uname -m')
  gantry binfmt unregister || return
  equal $'1000\n0\nx86_64' "$found"
}
