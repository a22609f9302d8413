// broadcast_user_input: rank 0 sends what the user typed to all ranks.
// Run: -n 4 -- --text hello
// Try: -n 4 -- --text 42    text is text, even if it looks like a number
// Try: -n 4                 refused: there is nothing to send
//
// Every rank is started with the arguments, but a program should not count on it for input that
// comes later (a file, the keyboard): there rank 0 reads, and the others are told.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: broadcast_user_input --text TEXT\n"
    "Rank 0 broadcasts a text, which all others begin without.\n"
    "  --text TEXT   what to send\n";

int broadcast_user_input(example::Program& program) {
  const std::string input = program.word("--text");
  program.require(!input.empty(), "needs a text to send: --text TEXT");
  program.require_ranks(2);
  std::string text = program.rank == 0 ? input : "nothing yet";
  program.say("starts with \"", text, "\"");

  int length = static_cast<int>(text.size());
  MPI_Bcast(&length, 1, MPI_INT, 0, MPI_COMM_WORLD);
  text.resize(static_cast<std::size_t>(length));
  MPI_Bcast(text.data(), length, MPI_CHAR, 0, MPI_COMM_WORLD);

  program.say("has \"", text, "\" after the broadcast");
  return program.result(text == input, "length=", length);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "broadcast_user_input", usage, broadcast_user_input);
}
