# Fields, associative arrays, substitution and arithmetic over a text.
{
  lines++
  for (i = 1; i <= NF; i++) {
    word = tolower($i)
    gsub(/[^a-z]/, "", word)
    count[word]++
    lengths[length(word)]++
    sum += length($i) * 1.5
  }
  if ($1 ~ /^[A-M].*e/) early++
  $2 = substr($2, 2) toupper(substr($2, 1, 1))
  kept += length($0)
}
END {
  printf "%d %.1f %d %d\n", lines, sum, early, kept
  n = asorti(count, words)
  for (i = 1; i <= n; i += 100) print words[i], count[words[i]]
  for (i = 0; i < 12; i++) printf "%d%s", lengths[i], i < 11 ? " " : "\n"
}
