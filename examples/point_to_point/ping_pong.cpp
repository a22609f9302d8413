// ping_pong: rank 0 sends the number 777, and rank 1 answers with the text "abc".
// Run: -n 2
// Try: -n 3    refused: the game is for two
//
// Each message has a tag, and a receiver names the one it wants: 55 for the question, 77 for the
// answer. Tags are labels; they are neither lengths nor priorities.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: ping_pong\n"
    "Rank 0 sends 777 to rank 1, which sends \"abc\" back.\n";

constexpr int question_tag = 55;
constexpr int answer_tag = 77;
constexpr int question = 777;
const std::string answer = "abc";

int ping_pong(example::Program& program) {
  program.require(program.size == 2, "needs 2 ranks, not ", program.size);
  const int length = static_cast<int>(answer.size());
  bool ok = false;
  if (program.rank == 0) {
    MPI_Send(&question, 1, MPI_INT, 1, question_tag, MPI_COMM_WORLD);
    std::string received(answer.size(), '?');
    MPI_Recv(received.data(), length, MPI_CHAR, 1, answer_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    program.say("sent ", question, " and received \"", received, "\"");
    ok = received == answer;
  } else {
    int received = 0;
    MPI_Recv(&received, 1, MPI_INT, 0, question_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(answer.data(), length, MPI_CHAR, 0, answer_tag, MPI_COMM_WORLD);
    program.say("received ", received, " and sent \"", answer, "\"");
    ok = received == question;
  }
  return program.result(ok, "ping=", question, " pong=", answer);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "ping_pong", usage, ping_pong);
}
