# shellcheck shell=bash
# For runners (scripts/test.sh has the protocol): one test is one command.

# wanted NAME PATTERN…: whether the patterns select test NAME; without any they do.
wanted() {
  local name=$1 pattern
  shift
  (($#)) || return 0
  for pattern; do [[ $name != *"$pattern"* ]] || return 0; done
  return 1
}

# check NAME PATTERN… -- COMMAND…: test NAME passes when COMMAND does. Its output explains a failure.
check() {
  local name=$1 patterns=() output
  shift
  while [[ $1 != -- ]]; do
    patterns+=("$1")
    shift
  done
  shift
  wanted "$name" "${patterns[@]}" || return 0
  if output=$("$@" 2>&1); then
    echo "ok $name"
  else
    printf '%s\n' "$output" | tail -n 40
    echo "not ok $name"
  fi
}

# beside NAME PATTERN… -- COMMAND…: as check, but as many at a time as there are CPUs. Its runner calls
# `wait` at the end.
beside() {
  while (($(jobs -rp | wc -l) >= $(nproc))); do wait -n; done
  check "$@" &
}
