// Files of this folder and others, as tests read them.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace clustermpi::test {

/// Empty where there is no such file.
inline std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace clustermpi::test
