# Turns the output of "ctest --verbose" into the lines of ./dev test: one for each GoogleTest case,
# and one for each CTest test that is not a GoogleTest program or that died. What a failed case
# printed comes before its line. With only_cases, programs that ran no case are not mentioned.

# "12: text" is output of test number 12.
match($0, /^[0-9]+: /) {
  number = substr($0, 1, RLENGTH - 2)
  text = substr($0, RLENGTH + 1)
  if (text ~ /^\[==========\] Running/) is_gtest[number] = 1
  if (text ~ /^\[ RUN      \]/) {
    running[number] = text
    sub(/^\[ RUN      \] /, "", running[number])
    output[number] = ""
  } else if (text ~ /^\[       OK \].* ms\)$/) {
    print "ok " running[number]
    running[number] = ""
  } else if (text ~ /^\[  SKIPPED \].* ms\)$/) {
    print "skip " running[number] " " reason(output[number])
    running[number] = ""
  } else if (text ~ /^\[  FAILED  \].* ms\)$/) {
    printf "%s", output[number]
    print "not ok " running[number]
    failed[number]++
    running[number] = ""
  } else {
    output[number] = output[number] text "\n"
  }
  next
}

# " 3/20 Test  #7: name ........   Passed    0.02 sec"
/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
  number = $0
  sub(/^[^#]*#/, "", number)
  name = number
  sub(/:.*/, "", number)
  sub(/^[0-9]+: /, "", name)
  result = name
  sub(/ .*/, "", name)
  sub(/^[^ ]+ [ .]*/, "", result)
  if (result ~ /^Passed/) {
    if (!is_gtest[number] && !only_cases) print "ok " name
  } else if (result ~ /^\*+Skipped/) {
    print "skip " name " said by the test"
  } else if (!failed[number] && (is_gtest[number] || !only_cases)) {
    printf "%s", output[number]
    print name ": " result (running[number] ? " in " running[number] : "")
    print "not ok " name
  }
  next
}

# CMake's own complaints, for example a missing program.
/^Could not find|^Unable to find|^CMake Error/ { print }

function reason(text) {
  gsub(/\n/, " ", text)
  sub(/^.*Skipped */, "", text)
  return text == "" ? "without a reason" : text
}
