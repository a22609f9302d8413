// The task farm under test: `catalogue_task_farm CASE`, started with 4 ranks by catalogue.sh. Rank
// 0 prints a FAIL line for everything that is not as expected, and `farm CASE: done` in the end.
#include "../../../examples/task_farm/task_farm.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>

namespace {

using task_farm::Master;
using task_farm::Message;
using task_farm::Outcome;
using task_farm::Room;
using task_farm::Worker;
using namespace std::chrono_literals;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) std::printf("FAIL: line %d: %s\n", __LINE__, #condition); \
  } while (false)

// Where MPI was told to send from and to receive into.
std::set<const void*> sent_from;
std::set<const void*> received_into;

std::map<int, Outcome> all_outcomes(Master& farm) {
  std::map<int, Outcome> outcomes;
  while (const auto outcome = farm.next()) {
    CHECK(outcomes.count(outcome->task) == 0);
    outcomes[outcome->task] = *outcome;
  }
  return outcomes;
}

// More tasks than workers, single values; tasks added meanwhile; nothing is left over.
void values(int rank) {
  if (rank != 0) {
    Worker(MPI_COMM_WORLD).serve<int>([](int number) { return number * 2.5; });
    return;
  }
  Master farm(MPI_COMM_WORLD, 20s);
  CHECK(!farm.next());  // a farm without tasks is done
  std::vector<int> inputs(200);
  std::iota(inputs.begin(), inputs.end(), 0);
  std::vector<double> outputs(inputs.size(), -1);
  for (std::size_t i = 0; i < 100; ++i)
    CHECK(farm.add(inputs[i], outputs[i]) == static_cast<int>(i));
  CHECK(farm.queued() == 100);
  std::size_t added = 100;
  std::set<int> workers;
  int done = 0;
  while (const auto outcome = farm.next()) {
    ++done;
    CHECK(outcome->ok && outcome->error.empty() && !outcome->lost);
    CHECK(farm.busy().size() <= 3);
    workers.insert(outcome->worker);
    if (added < inputs.size()) {
      farm.add(inputs[added], outputs[added]);
      ++added;
    }
  }
  CHECK(done == 200);
  CHECK(*workers.begin() >= 1 && *workers.rbegin() <= 3);
  CHECK(farm.busy().empty() && farm.queued() == 0 && farm.lost().empty());
  for (std::size_t i = 0; i < inputs.size(); ++i) CHECK(outputs[i] == inputs[i] * 2.5);
  farm.stop();
  CHECK(farm.ready().size() == 3);
}

// Arrays from nothing to 16 MB, straight from and to where they are.
void arrays(int rank) {
  using Array = std::vector<double>;
  if (rank != 0) {
    Array output;
    Worker(MPI_COMM_WORLD).serve<Array>([&](const Array& input) -> const Array& {
      output = input;
      for (double& number : output) number += 1;
      return output;
    });
    // A worker sends from what its work refers to; MPI_Send has been told so.
    const bool straight = sent_from.count(output.data()) == 1;
    MPI_Send(&straight, 1, MPI_CXX_BOOL, 0, 0, MPI_COMM_WORLD);
    return;
  }
  std::vector<Array> inputs;
  for (const std::size_t length : {0u, 1u, 1000u, 2'000'000u}) inputs.emplace_back(length, 7.0);
  std::vector<Array> outputs;
  for (const Array& input : inputs) outputs.emplace_back(input.size(), 0.0);
  Master farm(MPI_COMM_WORLD, 20s);
  for (std::size_t i = 0; i < inputs.size(); ++i) farm.add(inputs[i], outputs[i]);
  for (const auto& [task, outcome] : all_outcomes(farm)) CHECK(outcome.ok);
  farm.stop();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CHECK(outputs[i] == Array(inputs[i].size(), 8.0));
    CHECK(inputs[i].empty() || sent_from.count(inputs[i].data()) == 1);
    CHECK(outputs[i].empty() || received_into.count(outputs[i].data()) == 1);
  }
  int straight_workers = 0;
  for (int worker = 1; worker < 4; ++worker) {
    bool straight = false;
    MPI_Recv(&straight, 1, MPI_CXX_BOOL, worker, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    straight_workers += straight ? 1 : 0;
  }
  CHECK(straight_workers >= 1);
}

// What fails is told, whatever it throws, and its worker goes on; it can be added again.
void failures(int rank) {
  if (rank != 0) {
    bool first = true;
    Worker(MPI_COMM_WORLD).serve<int>([&](int number) -> std::vector<int> {
      if (number == 1) throw std::runtime_error("number 1 is out of the question");
      if (number == 2) throw 2;
      if (number == 3) return {1, 2, 3};
      if (number == 4 && std::exchange(first, false))
        throw std::runtime_error(std::string(5000, 'x'));
      return {number};
    });
    return;
  }
  Master farm(MPI_COMM_WORLD, 20s);
  const std::vector<int> inputs = {0, 1, 2, 3, 4};
  std::vector<int> outputs(inputs.size(), -1);
  for (std::size_t i = 0; i < inputs.size(); ++i) farm.add(inputs[i], outputs[i]);
  const double too_long = 1.5;
  int output = -1;
  farm.add(too_long, output);
  auto outcomes = all_outcomes(farm);
  CHECK(outcomes.size() == 6);
  CHECK(outcomes[0].ok && outputs[0] == 0);
  CHECK(!outcomes[1].ok && outcomes[1].error == "number 1 is out of the question");
  CHECK(!outcomes[2].ok && outcomes[2].error == "something was thrown that is no std::exception");
  CHECK(!outcomes[3].ok && outputs[3] == -1 &&
        outcomes[3].error == "as output, 12 bytes came, where 4 were expected");
  CHECK(!outcomes[4].ok && outcomes[4].error == std::string(5000, 'x'));
  CHECK(!outcomes[5].ok && outcomes[5].error == "as input, 8 bytes came, where 4 were expected");
  CHECK(farm.lost().empty() && farm.ready().size() == 3);
  int attempts = 0;
  for (bool ok = false; !ok && attempts < 5; ++attempts) {
    farm.add(inputs[4], outputs[4]);
    ok = farm.next()->ok;
  }
  CHECK(outputs[4] == 4 && attempts <= 3);  // each worker refuses it once
  farm.stop();
}

// Values and arrays whenever a worker likes; work without output; long work that gives signs of
// life.
void messages(int rank) {
  if (rank != 0) {
    Worker worker(MPI_COMM_WORLD);
    worker.send("early", rank);
    worker.send("image", std::vector<int>(100'000, rank));
    worker.send("nobody wants this", std::vector<char>(50'000, 'x'));
    worker.send("wrong", 1.5);
    worker.serve<int>([&](int rounds) {
      for (int i = 0; i < rounds; ++i) {
        std::this_thread::sleep_for(100ms);
        worker.alive();
      }
      worker.send("late", rounds);
    });
    return;
  }
  Master farm(MPI_COMM_WORLD, 1s);
  std::map<std::string, int> seen;
  std::vector<int> image(100'000);
  int misfits = 0;
  farm.on_message([&](Message& message) {
    ++seen[message.name()];
    if (message.name() == "early") CHECK(message.value<int>() == message.worker());
    if (message.name() == "image") {
      CHECK(message.bytes() == 400'000);
      message.take(image);
      CHECK(image == std::vector<int>(100'000, message.worker()));
      CHECK(received_into.count(image.data()) == 1);
    }
    if (message.name() == "wrong") message.value<int>();  // throws
    if (message.name() == "late") CHECK(message.array<int>() == std::vector<int>{25});
  });
  const int rounds = 25;  // 2.5 s, past the deadline
  for (int i = 0; i < 3; ++i) farm.add(rounds);
  std::size_t ended = 0;
  while (ended < 3) {
    try {
      CHECK(farm.next()->ok);
      ++ended;
    } catch (const std::length_error& error) {
      CHECK(std::string(error.what()) == "wrong: 8 bytes came, where 4 were expected");
      ++misfits;
    }
  }
  CHECK(misfits == 3 && farm.lost().empty());
  for (const char* name : {"early", "image", "nobody wants this", "wrong", "late"})
    CHECK(seen[name] == 3);
  farm.stop();
}

// Clients that never get a task, only send: stop() waits for them.
void clients(int rank) {
  if (rank != 0) {
    Worker worker(MPI_COMM_WORLD);
    for (int i = 1; i <= 50; ++i) worker.send("sum", i);
    worker.serve<int>([](int) {});
    return;
  }
  Master farm(MPI_COMM_WORLD, 20s);
  int sum = 0;
  farm.on_message([&](Message& message) { sum += message.value<int>(); });
  farm.stop();
  CHECK(sum == 3 * 1275);
}

// stop() drops what nobody has begun, and waits for what somebody has.
void early_stop(int rank) {
  if (rank != 0) {
    Worker(MPI_COMM_WORLD).serve<int>([](int number) {
      std::this_thread::sleep_for(50ms);
      return number;
    });
    return;
  }
  Master farm(MPI_COMM_WORLD, 20s);
  const int input = 1;
  std::vector<int> outputs(100, 0);
  for (int& output : outputs) farm.add(input, output);
  farm.next();
  farm.stop();
  CHECK(farm.queued() == 0 && farm.busy().empty());
  const int done = std::accumulate(outputs.begin(), outputs.end(), 0);
  CHECK(done >= 1 && done < 10);
}

// Workers that do not answer, each in a way of its own. Nobody can wait for them: the end is
// MPI_Abort.
[[noreturn]] void end_without_the_lost() {
  std::printf("farm: done without the lost\n");
  std::fflush(stdout);
  MPI_Abort(MPI_COMM_WORLD, 3);
  std::abort();
}

[[noreturn]] void hang() {
  while (true) std::this_thread::sleep_for(1s);
}

void hanging(int rank) {
  if (rank == 3) hang();  // before it serves
  if (rank == 2) {        // in the middle of a message
    Worker(MPI_COMM_WORLD).serve<int>([](int) {
      task_farm::detail::Header header;
      header.kind = task_farm::detail::Kind::message;
      header.bytes = 100;
      MPI_Send(&header, sizeof header, MPI_BYTE, 0, task_farm::detail::header_tag, MPI_COMM_WORLD);
      hang();
    });
  }
  if (rank == 1) {  // in its fourth task
    int tasks = 0;
    Worker(MPI_COMM_WORLD).serve<int>([&](int number) {
      if (++tasks == 4) hang();
      return number;
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  Master farm(MPI_COMM_WORLD, 1500ms);
  const std::vector<int> inputs = {0, 1, 2, 3, 4, 5, 6, 7};
  std::vector<int> outputs(inputs.size(), -1);
  for (std::size_t i = 0; i < inputs.size(); ++i) farm.add(inputs[i], outputs[i]);
  std::map<std::string, int> errors;
  for (const auto& [task, outcome] : all_outcomes(farm)) {
    CHECK(outcome.ok != outcome.lost);
    ++errors[outcome.error];
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CHECK(took < 8s);
  int length = 0;
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  MPI_Get_processor_name(name.data(), &length);
  const std::string host = name.data();
  CHECK(errors.size() == 4);
  CHECK(errors[""] == 3);
  CHECK(errors["worker 1 on " + host + " has not answered for 1.5 s"] == 1);
  CHECK(errors["worker 2 on " + host + " has stopped in the middle of a message"] == 1);
  CHECK(errors["no worker is left"] == 3);
  CHECK(farm.lost().size() == 3);
  bool told = false;
  for (const auto& lost : farm.lost()) {
    told = told || lost.why == "worker 3 on a host it never told has not answered for 1.5 s";
  }
  CHECK(told);
  farm.stop();  // nobody to wait for
  end_without_the_lost();
}

// Workers that stop in the middle of 20 MB, as output, as message and as error. The master gives up
// on them, and what comes after all, when the farm is gone, hurts nobody: only started where MPI
// needs both sides for long data.
void stopping(int rank) {
  using task_farm::detail::Header;
  using task_farm::detail::Kind;
  const std::size_t bytes = 20'000'000;
  if (rank != 0) {
    Worker worker(MPI_COMM_WORLD);
    worker.send("pid", getpid());
    worker.serve<int>([&](int) {
      const std::vector<char> data(bytes, 'x');
      Header header;
      header.kind = std::array{Kind::done, Kind::message, Kind::failed}.at(
          static_cast<std::size_t>(rank) - 1);
      header.bytes = bytes;
      MPI_Send(&header, sizeof header, MPI_BYTE, 0, task_farm::detail::header_tag, MPI_COMM_WORLD);
      MPI_Request sending;
      MPI_Isend(data.data(), static_cast<int>(bytes), MPI_BYTE, 0, task_farm::detail::data_tag,
                MPI_COMM_WORLD, &sending);
      std::raise(SIGSTOP);
      MPI_Wait(&sending, MPI_STATUS_IGNORE);
    });
    MPI_Barrier(MPI_COMM_WORLD);  // behind what has to come before
    return;
  }
  std::vector<pid_t> pids;
  const int input = 1;
  std::vector<std::string> outputs(3, std::string(bytes, '-'));  // as long as MPI may write there
  {
    Master farm(MPI_COMM_WORLD, 1500ms);
    farm.on_message([&](Message& message) {
      if (message.name() == "pid") {
        pids.push_back(message.value<pid_t>());
      } else {
        message.array<char>();
      }
    });
    for (std::string& output : outputs) farm.add(input, output);
    for (const auto& [task, outcome] : all_outcomes(farm)) {
      CHECK(outcome.lost);
      const std::string end = " has stopped in the middle of a message";
      CHECK(outcome.error.rfind(end) == outcome.error.size() - end.size());
    }
    CHECK(farm.lost().size() == 3);
  }
  Header stop;
  stop.kind = Kind::stop;
  for (int worker = 1; worker < 4; ++worker) {
    MPI_Send(&stop, sizeof stop, MPI_BYTE, worker, task_farm::detail::header_tag, MPI_COMM_WORLD);
  }
  for (const pid_t pid : pids) kill(pid, SIGCONT);
  MPI_Barrier(MPI_COMM_WORLD);
  const auto filled = [](const std::string& output) { return output == std::string(bytes, 'x'); };
  CHECK(std::count_if(outputs.begin(), outputs.end(), filled) == 1);
}

// A worker that dies with a task; only started where the launcher lets the others live.
void dying(int rank) {
  if (rank != 0) {
    Worker(MPI_COMM_WORLD).serve<int>([&](int number) {
      if (rank == 2) std::raise(SIGKILL);
      std::this_thread::sleep_for(20ms);
      return number;
    });
    std::_Exit(0);  // MPI_Finalize would wait for the dead
  }
  Master farm(MPI_COMM_WORLD, 2s);
  std::vector<int> inputs(20);
  std::iota(inputs.begin(), inputs.end(), 0);
  std::vector<int> outputs(inputs.size(), -1);
  for (std::size_t i = 0; i < inputs.size(); ++i) farm.add(inputs[i], outputs[i]);
  while (const auto outcome = farm.next()) {
    if (outcome->ok) continue;
    CHECK(outcome->lost && outcome->worker == 2);
    CHECK(outcome->error.rfind("worker 2 on ", 0) == 0);
    const auto task = static_cast<std::size_t>(outcome->task);
    farm.add(inputs[task], outputs[task]);  // another worker does it
  }
  CHECK(farm.lost().size() == 1);
  CHECK(std::accumulate(outputs.begin(), outputs.end(), 0) == 190);
  farm.stop();
  end_without_the_lost();
}

}  // namespace

extern "C" int MPI_Send(const void* data, int count, MPI_Datatype type, int destination, int tag,
                        MPI_Comm comm) {
  sent_from.insert(data);
  return PMPI_Send(data, count, type, destination, tag, comm);
}

extern "C" int MPI_Isend(const void* data, int count, MPI_Datatype type, int destination, int tag,
                         MPI_Comm comm, MPI_Request* request) {
  sent_from.insert(data);
  return PMPI_Isend(data, count, type, destination, tag, comm, request);
}

extern "C" int MPI_Irecv(void* data, int count, MPI_Datatype type, int source, int tag,
                         MPI_Comm comm, MPI_Request* request) {
  received_into.insert(data);
  return PMPI_Irecv(data, count, type, source, tag, comm, request);
}

int main(int argc, char** argv) {
  const std::map<std::string, void (*)(int)> cases = {
      {"values", values},     {"arrays", arrays},   {"failures", failures},
      {"messages", messages}, {"clients", clients}, {"early_stop", early_stop},
      {"hanging", hanging},   {"dying", dying},     {"stopping", stopping}};
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int i = 1; i < argc; ++i) {
    cases.at(argv[i])(rank);
    if (rank == 0) std::printf("farm %s: done\n", argv[i]);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  MPI_Finalize();
}
