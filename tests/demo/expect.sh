# shellcheck shell=bash
# Checks of what scripts/demo-steps.sh printed, shared by the demo's and the machine's tests.

# printed_by TEXT FILE: what the first command that contains TEXT printed, according to FILE.
printed_by() {
  awk -v text="$1" '
    /^\$ / { if (found) exit; found = index($0, text); next }
    /^\([0-9.]+ s\)$/ { if (found) exit }
    found' "$2"
}

# expect NAME TEXT FILE LINE: a test that the command printed LINE among others.
expect() {
  local name=$1 text=$2 file=$3 line=$4
  if printed_by "$text" "$file" | grep -qxF -- "$line"; then
    echo "ok $name"
  else
    printf '%s: expected the line\n  %s\nfrom "%s"; it printed\n' "$name" "$line" "$text"
    printed_by "$text" "$file" | sed 's/^/  /'
    echo "not ok $name"
  fi
}

expect_demo_output() {
  local file=$1
  expect image-is-amd64 'image inspect' "$file" linux/amd64
  expect uname-says-x86_64 'gantry-demo uname -m' "$file" x86_64
  expect os-release 'cat /etc/os-release' "$file" VERSION_CODENAME=trixie
  # The whole object: version from Debian trixie, digest from sha256sum.
  expect python3 'python3 -c' "$file" '{"machine": "x86_64", "python": "3.13.5", "squares": [0, 1, 4, 9, 16], "sha256": "3014637776d42a85"}'
  expect perl 'perl -e' "$file" 'a=4 d=1 e=1 g=1 i=1 m=3 n=2 o=1 r=1'
  expect exec-into-running-container 'podman exec' "$file" 'on x86_64, state: started'
  expect stop-delivers-sigterm 'podman logs' "$file" 'stopped by SIGTERM'
}
