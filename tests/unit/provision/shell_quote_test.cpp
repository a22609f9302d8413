#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "provision/fleet.hpp"
#include "provision/process.hpp"

namespace clustermpi {
namespace {

TEST(ShellQuote, Golden) {
  const std::vector<std::pair<std::string, std::string>> golden = {
      {"", "''"},
      {"plain", "plain"},
      {"/usr/bin/mpirun", "/usr/bin/mpirun"},
      {"--np=4", "--np=4"},
      {"pi@10.0.0.1:22", "pi@10.0.0.1:22"},
      {"two words", "'two words'"},
      {"it's", R"('it'\''s')"},
      {"'", R"(''\''')"},
      {"$HOME", "'$HOME'"},
      {"`id`", "'`id`'"},
      {"a;b|c&d", "'a;b|c&d'"},
      {"*.log", "'*.log'"},
      {"~", "'~'"},
      {"!x", "'!x'"},
      {"back\\slash", "'back\\slash'"},
      {"\"", "'\"'"},
      {"line\nbreak", "'line\nbreak'"},
      {"{a,b}", "'{a,b}'"},
      {"#no", "'#no'"},
      {"grün", "'grün'"},
  };
  for (const auto& [word, quoted] : golden) EXPECT_EQ(shell_quote(word), quoted);
}

TEST(ShellQuote, AShellReadsBackEveryByte) {
  std::string word;
  for (int byte = 1; byte < 256; ++byte) word += static_cast<char>(byte);
  const auto result = run_process({"sh", "-c", "printf %s " + shell_quote(word)});
  EXPECT_EQ(result.out, word);
}

}  // namespace
}  // namespace clustermpi
