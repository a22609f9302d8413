// task_farm.hpp: a master hands tasks to workers, whoever is free gets the next one.
//
// Rank 0 of a communicator has a Master, every other rank a Worker:
//
//   std::vector<int> numbers = {1, 2, 3};          // master
//   std::vector<int> squares(3);
//   task_farm::Master farm(MPI_COMM_WORLD);
//   for (int i = 0; i < 3; ++i) farm.add(numbers[i], squares[i]);
//   while (auto outcome = farm.next()) {
//     if (!outcome->ok) std::puts(outcome->error.c_str());
//   }
//   farm.stop();
//
//   task_farm::Worker worker(MPI_COMM_WORLD);      // workers
//   worker.serve<int>([](int number) { return number * number; });
//
// Data. Inputs, outputs and messages are trivially copyable values, or contiguous arrays of them
// (std::vector, std::string, or a pointer and a length by way of View and Room). They travel as
// bytes, so all hosts must have the same byte order. Nothing is packed or copied on the way: the
// master sends from the caller's input and receives into the caller's output; a worker sends from
// what its work returns. An array is at most 2 GiB.
//
// Ownership. The farm owns no data. The input and output of a task have to stay where they are
// until next() has returned its outcome; if its worker is lost, both have to stay for the rest of
// the program, for MPI may still be sending the one and receiving the other. The same goes for
// what a Message is taken to with take(); value() and array() look after themselves.
//
// Errors. A task whose work throws is not lost: its outcome is not ok and has the exception's text.
// The same goes for an input or output of another size than its task has. The worker lives on.
//
// Deadline. A worker that has a task, or has not come to serve() yet, has to give a sign of life
// within the deadline: an answer, a message, or alive(), which long work calls now and then. One
// that does not, because it has died or hangs, is lost: its task fails with a text that has its
// rank and host, lost() lists it, it gets no more tasks, and the others go on. MPI_Finalize would
// wait for a lost worker, so end with MPI_Abort instead. (When a rank dies, launchers end all
// others as well; Open MPI 4's lets them live if it is started as mpirun --enable-recovery.
// MPI_Abort then ends its own rank only, and the other workers leave with std::_Exit.)
//
// Termination. next() returns nothing when every task has had its outcome. stop() drops the tasks
// that nobody has begun, waits (with the deadline) for the workers, and sends them home: their
// serve() returns. Without it they serve for ever, so call it on every path.
//
// Messages. A worker can send() values and arrays under a name whenever it likes, before it
// serves as well. The master receives them while it is in next() or stop(), and hands them to
// on_message()'s function, which takes the data to where it belongs. What that function throws
// comes out of next() or stop(), which can be called again.
//
// Master and Worker call MPI from the thread that calls them. They use the tags 30001 and 30002
// of the communicator, and only for as long as they live.
#pragma once

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1  // only the C interface of MPI: it compiles in half the time
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace task_farm {

namespace detail {

template <class T, class = void>
struct is_array : std::false_type {};
template <class T>
struct is_array<T, std::void_t<decltype(std::declval<T&>().data(), std::declval<T&>().size())>>
    : std::true_type {};

template <class T>
std::size_t bytes_of(const T& data) {
  if constexpr (is_array<T>::value) {
    static_assert(std::is_trivially_copyable_v<typename T::value_type>);
    return data.size() * sizeof(typename T::value_type);
  } else {
    static_assert(std::is_trivially_copyable_v<T>);
    return sizeof data;
  }
}

template <class T>
auto* address_of(T& data) {
  if constexpr (is_array<std::remove_const_t<T>>::value) {
    return data.data();
  } else {
    return &data;
  }
}

}  // namespace detail

// Somebody else's data, to send.
class View {
 public:
  View() = default;
  View(const void* data, std::size_t bytes) : data_(data), bytes_(bytes) {}
  template <class T>
  View(const T& data) : View(detail::address_of(data), detail::bytes_of(data)) {}
  template <class T>
  View(const T&& temporary) = delete;  // it would be gone before it is sent

  const void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  const void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Somebody else's memory, to receive into.
class Room {
 public:
  Room() = default;
  Room(void* data, std::size_t bytes) : data_(data), bytes_(bytes) {}
  template <class T, class = std::enable_if_t<!std::is_same_v<T, Room> && !std::is_const_v<T>>>
  Room(T& data) : Room(detail::address_of(data), detail::bytes_of(data)) {}

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

namespace detail {

constexpr int header_tag = 30001;
constexpr int data_tag = 30002;

enum class Kind : std::int32_t { hello, work, stop, done, failed, message, alive };

// Goes before the data, and alone where there are none.
struct Header {
  Kind kind = Kind::alive;
  std::int32_t task = -1;
  std::uint64_t bytes = 0;
  std::array<char, 48> name{};
};

inline int count_of(std::size_t bytes) {
  if (bytes > INT_MAX) throw std::length_error("a task farm sends 2 GiB at once, and no more");
  return static_cast<int>(bytes);
}

// Thrown where a worker stops in the middle of a message.
struct Vanished {};

// For memory that MPI may still be using when nobody waits for it any more.
inline void keep_to_the_end(std::shared_ptr<void> memory) {
  static std::vector<std::shared_ptr<void>> kept;
  kept.push_back(std::move(memory));
}

// What `receive` has received into `memory`. If the sender vanishes, MPI may write there later.
template <class T, class Receive>
T received(std::shared_ptr<T> memory, Receive receive) {
  try {
    receive(*memory);
  } catch (const Vanished&) {
    keep_to_the_end(memory);
    throw;
  }
  return std::move(*memory);
}

inline std::string size_error(std::size_t bytes, std::size_t room) {
  return std::to_string(bytes) + " bytes came, where " + std::to_string(room) + " were expected";
}

// Waiting ranks sleep, for there may be others on their core.
inline void pause() {
  std::this_thread::sleep_for(std::chrono::microseconds(50));
}

}  // namespace detail

// How a task ended.
struct Outcome {
  int task = -1;      // as add() called it
  int worker = -1;    // rank, or -1 if there was none left
  bool ok = false;    // the output is there
  bool lost = false;  // the worker is lost, and with it what became of the task
  std::string error;
};

struct Lost {
  int rank = -1;
  std::string host;
  std::string why;  // a sentence with both
};

// Something that a worker has sent. Its data are still on their way, straight to where they are
// taken to; what nobody takes is thrown away.
class Message {
 public:
  int worker() const { return worker_; }
  const std::string& name() const { return name_; }
  std::size_t bytes() const { return bytes_; }

  void take(Room room) {
    if (room.bytes() != bytes_) {
      throw std::length_error(name_ + ": " + detail::size_error(bytes_, room.bytes()));
    }
    taken_ = true;
    receive_(room.data());
  }
  template <class T>
  T value() {
    return detail::received(std::make_shared<T>(), [this](T& value) { take(value); });
  }
  template <class T>
  std::vector<T> array() {
    return detail::received(std::make_shared<std::vector<T>>(bytes_ / sizeof(T)),
                            [this](std::vector<T>& values) { take(values); });
  }

 private:
  friend class Master;
  Message(int worker, std::string name, std::size_t bytes, std::function<void(void*)> receive)
      : worker_(worker), name_(std::move(name)), bytes_(bytes), receive_(std::move(receive)) {}

  int worker_;
  std::string name_;
  std::size_t bytes_;
  std::function<void(void*)> receive_;
  bool taken_ = false;
};

class Master {
 public:
  using Seconds = std::chrono::duration<double>;

  explicit Master(MPI_Comm comm, Seconds deadline = Seconds(60))
      : comm_(comm), deadline_(deadline) {
    int size = 0;
    MPI_Comm_size(comm, &size);
    if (size < 2) throw std::invalid_argument("a task farm needs a worker: 2 ranks or more");
    peers_.resize(static_cast<std::size_t>(size));
    for (Peer& peer : peers_) peer.heard = Clock::now();
    peers_[0].state = State::master;
    // A rank that cannot be reached is lost, which is no reason to end the others.
    MPI_Comm_get_errhandler(comm, &errhandler_);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  }
  ~Master() {
    for (const Peer& peer : peers_) {
      if (peer.header) detail::keep_to_the_end(peer.header);
    }
    MPI_Comm_set_errhandler(comm_, errhandler_);
    MPI_Errhandler_free(&errhandler_);
  }
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  // Queues a task and returns its number: 0, 1, 2 ...
  int add(View input, Room output = {}) {
    detail::count_of(std::max(input.bytes(), output.bytes()));
    tasks_.push_back({input, output});
    queue_.push_back(static_cast<int>(tasks_.size()) - 1);
    return queue_.back();
  }

  void on_message(std::function<void(Message&)> handler) { handler_ = std::move(handler); }

  // Hands out tasks until one has ended, in whatever order they end; nothing if all have.
  std::optional<Outcome> next() {
    while (outcomes_.empty()) {
      hand_out();
      if (queue_.empty() && count(State::busy) == 0 && outcomes_.empty()) return std::nullopt;
      step();
    }
    Outcome outcome = std::move(outcomes_.front());
    outcomes_.pop_front();
    return outcome;
  }

  void stop() {
    queue_.clear();
    while (count(State::busy) + count(State::starting) > 0) step();
    for (const int rank : ready()) {
      detail::Header header;
      header.kind = detail::Kind::stop;
      MPI_Send(&header, sizeof header, MPI_BYTE, rank, detail::header_tag, comm_);
    }
  }

  std::vector<int> ready() const { return ranks(State::idle); }  // wait for a task
  std::vector<int> busy() const { return ranks(State::busy); }   // have one
  std::size_t queued() const { return queue_.size(); }           // tasks that nobody has begun
  const std::vector<Lost>& lost() const { return lost_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class State { master, starting, idle, busy, lost };

  struct Task {
    View input;
    Room output;
  };

  struct Peer {
    State state = State::starting;
    std::string host;
    int task = -1;
    Clock::time_point heard;
    std::shared_ptr<detail::Header> header;  // of its task, for as long as it may be on its way
    std::array<MPI_Request, 2> sends = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  };

  Peer& peer(int rank) { return peers_[static_cast<std::size_t>(rank)]; }

  std::vector<int> ranks(State state) const {
    std::vector<int> found;
    for (std::size_t rank = 0; rank < peers_.size(); ++rank) {
      if (peers_[rank].state == state) found.push_back(static_cast<int>(rank));
    }
    return found;
  }
  std::size_t count(State state) const { return ranks(state).size(); }

  void hand_out() {
    for (const int rank : ready()) {
      if (queue_.empty()) return;
      const int task = queue_.front();
      queue_.pop_front();
      give(rank, task);
    }
    if (count(State::lost) < peers_.size() - 1) return;
    for (const int task : queue_) outcomes_.push_back({task, -1, false, true, "no worker is left"});
    queue_.clear();
  }

  void give(int rank, int task) {
    Peer& to = peer(rank);
    const View input = tasks_[static_cast<std::size_t>(task)].input;
    to.state = State::busy;
    to.task = task;
    to.heard = Clock::now();
    to.header = std::make_shared<detail::Header>();
    to.header->kind = detail::Kind::work;
    to.header->task = task;
    to.header->bytes = input.bytes();
    // MPI_Isend: a worker that hangs must not take the master with it.
    bool sent = MPI_Isend(to.header.get(), sizeof *to.header, MPI_BYTE, rank, detail::header_tag,
                          comm_, &to.sends[0]) == MPI_SUCCESS;
    if (sent && input.bytes() > 0) {
      sent = MPI_Isend(input.data(), detail::count_of(input.bytes()), MPI_BYTE, rank,
                       detail::data_tag, comm_, &to.sends[1]) == MPI_SUCCESS;
    }
    if (!sent) lose(rank, "cannot be reached");
  }

  // Deals with one message. Deadlines count only when nothing has come: a master that was busy
  // itself does not blame its workers.
  void step() {
    int arrived = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, detail::header_tag, comm_, &arrived, &status);
    if (arrived != 0) {
      try {
        deal_with(status.MPI_SOURCE);
      } catch (const detail::Vanished&) {
        lose(status.MPI_SOURCE, "has stopped in the middle of a message");
      }
      return;
    }
    const auto now = Clock::now();
    for (std::size_t rank = 1; rank < peers_.size(); ++rank) {
      const State state = peers_[rank].state;
      if (state != State::busy && state != State::starting) continue;
      if (now - peers_[rank].heard > deadline_) {
        std::ostringstream what;
        what << "has not answered for " << deadline_.count() << " s";
        lose(static_cast<int>(rank), what.str());
      }
    }
    detail::pause();
  }

  void deal_with(int rank) {
    const auto header =
        detail::received(std::make_shared<detail::Header>(), [this, rank](detail::Header& coming) {
          receive(rank, detail::header_tag, &coming, sizeof coming);
        });
    Peer& from = peer(rank);
    if (from.state == State::lost) return;  // too late
    from.heard = Clock::now();
    const auto bytes = static_cast<std::size_t>(header.bytes);
    switch (header.kind) {
      case detail::Kind::hello:
        from.host = receive_text(rank, bytes);
        from.state = State::idle;
        break;
      case detail::Kind::done: {
        const Room output = tasks_[static_cast<std::size_t>(from.task)].output;
        if (bytes == output.bytes()) {
          receive(rank, detail::data_tag, output.data(), bytes);
          end_task(rank, {from.task, rank, true, false, ""});
        } else {
          receive_text(rank, bytes);
          const std::string error = "as output, " + detail::size_error(bytes, output.bytes());
          end_task(rank, {from.task, rank, false, false, error});
        }
        break;
      }
      case detail::Kind::failed:
        end_task(rank, {from.task, rank, false, false, receive_text(rank, bytes)});
        break;
      case detail::Kind::message:
        hand_over({rank, header.name.data(), bytes, [this, rank, bytes](void* data) {
                     receive(rank, detail::data_tag, data, bytes);
                   }});
        break;
      default:  // alive
        break;
    }
  }

  void hand_over(Message message) {
    const auto throw_away_rest = [&] {
      if (!message.taken_) receive_text(message.worker(), message.bytes());
    };
    try {
      if (handler_) handler_(message);
    } catch (...) {
      throw_away_rest();
      throw;
    }
    throw_away_rest();
  }

  void end_task(int rank, Outcome outcome) {
    // It has answered, so it has received the task: these end at once.
    MPI_Waitall(2, peer(rank).sends.data(), MPI_STATUSES_IGNORE);
    peer(rank).header.reset();
    peer(rank).state = State::idle;
    outcomes_.push_back(std::move(outcome));
  }

  std::string receive_text(int rank, std::size_t bytes) {
    return detail::received(std::make_shared<std::string>(bytes, '\0'),
                            [this, rank, bytes](std::string& text) {
                              receive(rank, detail::data_tag, text.data(), bytes);
                            });
  }

  void receive(int rank, int tag, void* data, std::size_t bytes) {
    if (bytes == 0) return;
    MPI_Request request;
    int error = MPI_Irecv(data, detail::count_of(bytes), MPI_BYTE, rank, tag, comm_, &request);
    const auto begin = Clock::now();
    while (error == MPI_SUCCESS) {
      int ended = 0;
      error = MPI_Test(&request, &ended, MPI_STATUS_IGNORE);
      if (ended != 0) return;
      if (Clock::now() - begin > deadline_) {
        // MPI cannot cancel what has begun to arrive, and to wait for it would be for ever.
        MPI_Cancel(&request);
        MPI_Request_free(&request);
        break;
      }
      std::this_thread::yield();
    }
    throw detail::Vanished();
  }

  void lose(int rank, const std::string& what) {
    Peer& from = peer(rank);
    const std::string host = from.host.empty() ? "a host it never told" : from.host;
    const std::string why = "worker " + std::to_string(rank) + " on " + host + " " + what;
    if (from.state == State::busy) outcomes_.push_back({from.task, rank, false, true, why});
    from.state = State::lost;
    lost_.push_back({rank, from.host, why});
  }

  MPI_Comm comm_;
  Seconds deadline_;
  MPI_Errhandler errhandler_ = MPI_ERRHANDLER_NULL;
  std::function<void(Message&)> handler_;
  std::deque<Task> tasks_;
  std::deque<int> queue_;
  std::deque<Outcome> outcomes_;
  std::vector<Peer> peers_;  // by rank
  std::vector<Lost> lost_;
};

class Worker {
 public:
  explicit Worker(MPI_Comm comm) : comm_(comm) {}

  // Does tasks until the master says stop. `work` is called with an Input, a value or a std::vector
  // as the master has added it, and returns the output, a value or an array, or nothing.
  template <class Input, class Work>
  void serve(Work work) {
    std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
    int length = 0;
    MPI_Get_processor_name(name.data(), &length);
    post(detail::Kind::hello, -1, "", {name.data(), static_cast<std::size_t>(length)});
    while (true) {
      const detail::Header header = await();
      if (header.kind == detail::Kind::stop) return;
      std::string error;
      try {
        const Input input = receive<Input>(static_cast<std::size_t>(header.bytes));
        if constexpr (std::is_void_v<decltype(work(input))>) {
          work(input);
          post(detail::Kind::done, header.task, "", {});
        } else {
          const auto& output = work(input);  // no copy, if it is a reference
          post(detail::Kind::done, header.task, "", output);
        }
        continue;
      } catch (const std::exception& thrown) {
        error = thrown.what();
      } catch (...) {
        error = "something was thrown that is no std::exception";
      }
      post(detail::Kind::failed, header.task, "", error);
    }
  }

  // Sends a value or an array, under a name of up to 47 letters, and comes back when it may be
  // changed again.
  template <class T>
  void send(const std::string& name, const T& data) {
    post(detail::Kind::message, -1, name, data);
  }

  // Tells the master that there is no reason to worry.
  void alive() { post(detail::Kind::alive, -1, "", {}); }

 private:
  static constexpr int master = 0;

  void post(detail::Kind kind, int task, const std::string& name, View data) {
    detail::Header header;
    if (name.size() >= header.name.size()) throw std::length_error(name + ": too long a name");
    header.kind = kind;
    header.task = task;
    header.bytes = data.bytes();
    std::copy(name.begin(), name.end(), header.name.begin());
    const int count = detail::count_of(data.bytes());
    MPI_Send(&header, sizeof header, MPI_BYTE, master, detail::header_tag, comm_);
    if (count > 0) MPI_Send(data.data(), count, MPI_BYTE, master, detail::data_tag, comm_);
  }

  detail::Header await() {
    int arrived = 0;
    while (arrived == 0) {
      MPI_Iprobe(master, detail::header_tag, comm_, &arrived, MPI_STATUS_IGNORE);
      if (arrived == 0) detail::pause();
    }
    detail::Header header;
    MPI_Recv(&header, sizeof header, MPI_BYTE, master, detail::header_tag, comm_,
             MPI_STATUS_IGNORE);
    return header;
  }

  template <class Input>
  Input receive(std::size_t bytes) {
    Input input{};
    if constexpr (detail::is_array<Input>::value) {
      input.resize(bytes / sizeof(typename Input::value_type));
    }
    const Room room(input);
    const bool fits = room.bytes() == bytes;
    std::vector<char> misfit(fits ? 0 : bytes);
    if (bytes > 0) {
      MPI_Recv(fits ? room.data() : misfit.data(), detail::count_of(bytes), MPI_BYTE, master,
               detail::data_tag, comm_, MPI_STATUS_IGNORE);
    }
    if (!fits) throw std::length_error("as input, " + detail::size_error(bytes, room.bytes()));
    return input;
  }

  MPI_Comm comm_;
};

}  // namespace task_farm
