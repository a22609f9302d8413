// send_receive: rank 0 sends rank 1 an object of unknown length, and then a buffer.
// Run: -n 2
// Try: -n 4                          ranks 2 and 3 look on: nobody sends to them
// Try: -n 2 -- --text 42             another object
// Try: -n 1                          refused: there is nobody to send to
//
// A buffer is numbers of one type, side by side, of a length that both sides know: it goes as it
// is. An object (here: a text) has to be turned into a row of bytes, and its receiver has to ask
// how many there are. The tags keep the two messages apart.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: send_receive [--text TEXT] [--length N]\n"
    "Rank 0 sends rank 1 a text and an array.\n"
    "  --text TEXT   the text (default: the answer is 42)\n"
    "  --length N    numbers in the array (default 10)\n";

constexpr int text_tag = 1;
constexpr int array_tag = 2;

std::string receive_text(int source) {
  MPI_Status status;
  MPI_Probe(source, text_tag, MPI_COMM_WORLD, &status);
  int length = 0;
  MPI_Get_count(&status, MPI_CHAR, &length);
  std::string text(static_cast<std::size_t>(length), '\0');
  MPI_Recv(text.data(), length, MPI_CHAR, source, text_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return text;
}

int send_receive(example::Program& program) {
  const std::string original = program.word("--text", "the answer is 42");
  const int length = program.small_number("--length", 10, 1, 10'000);
  program.require_ranks(2);
  std::vector<int> numbers(static_cast<std::size_t>(length));
  std::iota(numbers.begin(), numbers.end(), 0);

  std::string text;
  std::vector<int> array(numbers.size());
  if (program.rank == 0) {
    text = original;
    array = numbers;
    MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, 1, text_tag, MPI_COMM_WORLD);
    MPI_Send(array.data(), length, MPI_INT, 1, array_tag, MPI_COMM_WORLD);
  } else if (program.rank == 1) {
    text = receive_text(0);
    MPI_Recv(array.data(), length, MPI_INT, 0, array_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  program.say("has \"", text, "\" and ", array);

  const bool ok = program.rank > 1 || (text == original && array == numbers);
  return program.result(ok, "text=", text.size(), " length=", length);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "send_receive", usage, send_receive);
}
