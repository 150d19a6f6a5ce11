# shellcheck shell=bash
# ./dev format: clang-format-19 with the tree's .clang-format over every C++ source that git knows.

cmd_format() {
  local mode=(-i) files
  case ${1:-} in
    '') ;;
    --check) mode=(--dry-run --Werror) ;;
    -h | --help)
      echo "Usage: ./dev format [--check]"
      return
      ;;
    *) die "format: unknown argument '$1' (only --check is known)" ;;
  esac
  ensure_packages clang-format-19 git
  cd "$GANTRY_ROOT" || exit
  # Files not yet added count too, ignored ones (build/) do not.
  mapfile -d '' -t files < <(source_files)
  ((${#files[@]})) || die "format: found no sources"
  clang-format-19 "${mode[@]}" "${files[@]}"
}

source_files() {
  git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h' 2>/dev/null |
    while IFS= read -r -d '' file; do
      [[ ! -e $file ]] || printf '%s\0' "$file"
    done
}
