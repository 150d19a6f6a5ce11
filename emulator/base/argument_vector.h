// What execve(2) takes.
#pragma once

#include <string>
#include <vector>

namespace gantry {

// Pointers to the words, and a null pointer. They are good as long as `words` is there and as it
// is. The kernel does not write to them: that they are not const is C's history.
inline std::vector<char*> argument_vector(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace gantry
