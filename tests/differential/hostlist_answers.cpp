// Answers questions about hostlists, one a line of stdin, so that thousands need one process:
//   expand EXPRESSION        -> "ok NAME..." or "error MESSAGE"
//   fold READER NAME...      -> "ok LIST"; READER is slurm, pdsh or clustershell
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hosts/hostlist.hpp"
#include "hosts/hostlist_forms.hpp"

namespace {

using namespace clustermpi;

std::string take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  std::string word(line.substr(0, end));
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

HostlistReader reader_called(const std::string& name) {
  if (const auto reader = hostlist_reader_of(name)) return *reader;
  throw std::invalid_argument("who is " + name + "?");
}

std::string answer(std::string_view line) {
  const std::string question = take_word(line);
  if (question == "fold") {
    const HostlistReader reader = reader_called(take_word(line));
    return "ok " + fold_for(reader, expand_hostlist(line));
  }
  std::string names = "ok";
  for (const std::string& name : expand_hostlist(line)) names += " " + name;
  return names;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << answer(line) << '\n';
    } catch (const HostlistError& error) {
      std::cout << "error " << error.what() << '\n';
    }
  }
}
