// alltoallw: every rank sends every rank a message, and the messages differ in type.
// Run: -n 4
// Try: -n 5    another even rank, another int for everybody
// Try: -n 1    an int, to itself
//
// The most general collective: length, place and type are free for each partner, and so are
// structures and pieces of matrices. Here even ranks want an int and odd ranks want a double.
// Places are counted in bytes, because there is no one type to count in.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: alltoallw\n"
    "Rank r sends r + 1 to each even rank as an int, and r + 1/2 to each odd rank as a double.\n";

// Room for one number of either type.
union Number {
  int whole;
  double real;
};

bool wants_int(int rank) {
  return rank % 2 == 0;
}

int alltoallw(example::Program& program) {
  const auto size = static_cast<std::size_t>(program.size);
  const MPI_Datatype my_type = wants_int(program.rank) ? MPI_INT : MPI_DOUBLE;
  std::vector<Number> sent(size);
  std::vector<Number> received(size);
  std::vector<MPI_Datatype> sent_types(size);
  const std::vector<MPI_Datatype> received_types(size, my_type);
  const std::vector<int> lengths(size, 1);
  std::vector<int> offsets(size);
  for (std::size_t i = 0; i < size; ++i) {
    offsets[i] = static_cast<int>(i * sizeof(Number));
    if (wants_int(static_cast<int>(i))) {
      sent[i].whole = program.rank + 1;
      sent_types[i] = MPI_INT;
    } else {
      sent[i].real = program.rank + 0.5;
      sent_types[i] = MPI_DOUBLE;
    }
  }
  MPI_Alltoallw(sent.data(), lengths.data(), offsets.data(), sent_types.data(), received.data(),
                lengths.data(), offsets.data(), received_types.data(), MPI_COMM_WORLD);

  std::vector<double> numbers;
  std::vector<double> expected;
  for (std::size_t i = 0; i < size; ++i) {
    const int source = static_cast<int>(i);
    numbers.push_back(wants_int(program.rank) ? received[i].whole : received[i].real);
    expected.push_back(wants_int(program.rank) ? source + 1 : source + 0.5);
  }
  program.say("received ", numbers, wants_int(program.rank) ? " as ints" : " as doubles");
  return program.result(numbers == expected, "messages=", size * size);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "alltoallw", usage, alltoallw);
}
