// broadcast_map: rank 0 sends a map of words to numbers to all ranks.
// Run: -n 4
// Try: -n 8    the calls stay the same, only more ranks have the map
// Try: -n 1    refused: there is nobody to send to
//
// A map lies scattered in memory, and MPI sends what lies side by side. So rank 0 writes it down as
// text, and the others read it back. Nobody but rank 0 knows the length of the text, so the length
// is broadcast first. Every rank calls MPI_Bcast: rank 0 to send, the others to receive.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: broadcast_map\n"
    "Rank 0 broadcasts a map, which all others begin without.\n";

using Map = std::map<std::string, int>;

std::string as_text(const Map& map) {
  std::string text;
  for (const auto& [word, number] : map) text += word + ' ' + std::to_string(number) + '\n';
  return text;
}

Map as_map(const std::string& text) {
  Map map;
  std::istringstream lines(text);
  std::string word;
  for (int number = 0; lines >> word >> number;) map[word] = number;
  return map;
}

std::string shown(const Map& map) {
  std::string all;
  for (const auto& [word, number] : map) {
    all += (all.empty() ? "" : ", ") + word + ": " + std::to_string(number);
  }
  return "{" + all + "}";
}

int broadcast_map(example::Program& program) {
  program.require_ranks(2);
  const Map original = {{"one", 1}, {"two", 2}, {"three", 3}};
  Map map;
  if (program.rank == 0) map = original;
  program.say("starts with ", shown(map));

  std::string text = as_text(map);
  int length = static_cast<int>(text.size());
  MPI_Bcast(&length, 1, MPI_INT, 0, MPI_COMM_WORLD);
  text.resize(static_cast<std::size_t>(length));
  MPI_Bcast(text.data(), length, MPI_CHAR, 0, MPI_COMM_WORLD);
  map = as_map(text);

  program.say("has ", shown(map), " after the broadcast");
  return program.result(map == original, "entries=", map.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "broadcast_map", usage, broadcast_map);
}
