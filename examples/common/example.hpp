// example.hpp: the little that all example programs share.
//
// A program is a usage text and a function, given to example::run(), which starts MPI, reads the
// options and ends MPI. What the function gets is a Program: who this rank is, what the options
// say, and three ways to end that are the same on all ranks, so that none waits for another:
//
//   return program.result(ok, ...)   prints `RESULT name key=value ... ok=1`; exit status 0, or 1
//   program.require(condition, ...)  refuses with one sentence from rank 0; exit status 2
//   an exception                     its text, then MPI_Abort; exit status 1
//
// The usage text is what the options are read by: each line `  --name VALUE   what it means` is
// one; --help prints it. Options are read on all ranks alike.
#pragma once

#define OMPI_SKIP_MPICXX 1  // only the C interface of MPI: it compiles in half the time
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace example {

// A reason not to start, which all ranks see alike.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Writes a vector as [1, 2, 3], anything else as streams do.
template <class Value>
void write(std::ostream& out, const Value& value) {
  out << value;
}
template <class Value>
void write(std::ostream& out, const std::vector<Value>& values) {
  out << '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out << ", ";
    write(out, values[i]);
  }
  out << ']';
}

// All parts, one after the other, as one string.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  out.precision(12);
  (write(out, parts), ...);
  return out.str();
}

class Program {
 public:
  Program(std::string name, std::string usage) : name_(std::move(name)), usage_(std::move(usage)) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    std::array<char, MPI_MAX_PROCESSOR_NAME> buffer{};
    int length = 0;
    MPI_Get_processor_name(buffer.data(), &length);
    host.assign(buffer.data(), static_cast<std::size_t>(length));
    // What this class sends must never meet what the program sends.
    MPI_Comm_dup(MPI_COMM_WORLD, &own_);
  }
  ~Program() { MPI_Comm_free(&own_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  int rank = 0;
  int size = 1;
  std::string host;

  const std::string& usage() const { return usage_; }
  const std::string& name() const { return name_; }

  // Whether --help is among the arguments; otherwise keeps their values, or refuses.
  bool read(int argc, char** argv) {
    const std::set<std::string> known = options_of(usage_);
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      if (word == "--help" || word == "-h") return true;
      require(known.count(word) == 1, "'", word, "' is no option; see --help");
      require(i + 1 < argc, word, " wants a value; see --help");
      values_[word] = argv[++i];
    }
    return false;
  }

  // The value of an option, or what it is without one.
  std::string word(const std::string& option, const std::string& otherwise = "") const {
    const auto found = values_.find(option);
    return found == values_.end() ? otherwise : found->second;
  }
  std::int64_t number(const std::string& option, std::int64_t otherwise, std::int64_t least,
                      std::int64_t most) const {
    const auto found = values_.find(option);
    if (found == values_.end()) return otherwise;
    return to_number(option, found->second, least, most);
  }
  int small_number(const std::string& option, int otherwise, int least, int most) const {
    return static_cast<int>(number(option, otherwise, least, most));
  }
  // A whole number out of a text, wherever the text is from.
  std::int64_t to_number(const std::string& what, const std::string& written, std::int64_t least,
                         std::int64_t most) const {
    std::int64_t value = 0;
    const char* end = written.data() + written.size();
    const auto read = std::from_chars(written.data(), end, value);
    require(read.ec == std::errc{} && read.ptr == end && value >= least && value <= most, what,
            " cannot be '", written, "', only a whole number from ", least, " to ", most,
            "; see --help");
    return value;
  }

  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    if (!condition) throw Refusal(text(parts...));
  }
  void require_ranks(int least) const {
    require(size >= least, "needs ", least, " ranks or more, not ", size);
  }
  void require_pairs() const {
    require(size % 2 == 0, "needs an even number of ranks, not ", size);
  }

  // One line a rank, printed by rank 0 in rank order; all ranks call it.
  template <class... Parts>
  void say(const Parts&... parts) const {
    print_all(text("Rank ", rank, " of ", size, " on ", host, " ", parts..., '\n'));
  }
  // The same, but only the ranks for which the condition holds have a line.
  template <class... Parts>
  void say_if(bool condition, const Parts&... parts) const {
    print_all(condition ? text("Rank ", rank, " of ", size, " on ", host, " ", parts..., '\n')
                        : "");
  }

  // The last line and the exit status; all ranks call it, each with what it found itself. The parts
  // are `key=value`s, and rank 0's are printed.
  template <class... Parts>
  int result(bool ok_here, const Parts&... parts) const {
    const int ok = ok_here ? 1 : 0;
    std::vector<int> found(static_cast<std::size_t>(size));
    MPI_Gather(&ok, 1, MPI_INT, found.data(), 1, MPI_INT, 0, own_);
    int all_ok = 1;
    if (rank == 0) {
      for (int i = 0; i < size; ++i) {
        if (found[static_cast<std::size_t>(i)] == 1) continue;
        std::fprintf(stderr, "%s: the result is wrong on rank %d\n", name_.c_str(), i);
        all_ok = 0;
      }
      std::printf("RESULT %s %s ok=%d\n", name_.c_str(), text(parts...).c_str(), all_ok);
      std::fflush(stdout);
    }
    MPI_Bcast(&all_ok, 1, MPI_INT, 0, own_);
    return all_ok == 1 ? 0 : 1;
  }

 private:
  static std::set<std::string> options_of(const std::string& usage) {
    std::set<std::string> options;
    std::istringstream lines(usage);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("  --", 0) == 0) options.insert(line.substr(2, line.find(' ', 2) - 2));
    }
    return options;
  }

  void print_all(const std::string& mine) const {
    const int length = static_cast<int>(mine.size());
    std::vector<int> lengths(static_cast<std::size_t>(size));
    MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, own_);
    std::vector<int> offsets(lengths.size());
    std::partial_sum(lengths.begin(), lengths.end() - 1, offsets.begin() + 1);
    std::string all(static_cast<std::size_t>(offsets.back() + lengths.back()), '\0');
    MPI_Gatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(), MPI_CHAR,
                0, own_);
    if (rank == 0) {
      std::fputs(all.c_str(), stdout);
      std::fflush(stdout);
    }
  }

  std::string name_;
  std::string usage_;
  std::map<std::string, std::string> values_;
  MPI_Comm own_ = MPI_COMM_NULL;
};

inline int run(int argc, char** argv, const char* name, const char* usage, int (*body)(Program&)) {
  int threads = 0;  // a program may start some, but only its main thread calls MPI
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &threads);
  int status = 0;
  {
    Program program(name, usage);
    try {
      if (program.read(argc, argv)) {
        if (program.rank == 0) std::fputs(usage, stdout);
      } else {
        status = body(program);
      }
    } catch (const Refusal& refusal) {
      if (program.rank == 0) std::fprintf(stderr, "%s: %s\n", name, refusal.what());
      status = 2;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: rank %d: %s\n", name, program.rank, error.what());
      MPI_Abort(MPI_COMM_WORLD, 1);
    }
  }
  MPI_Finalize();
  return status;
}

// MPI_Wait with a deadline: whether the send or receive has ended within so many seconds. If not,
// it is still under way.
inline bool completes_within(int seconds, MPI_Request& request) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  int done = 0;
  MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  while (done == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  }
  return done != 0;
}

// A number that differs when one byte does (FNV-1a): two sides compare it instead of their data.
inline std::uint64_t digest(const void* data, std::size_t bytes) {
  const auto* byte = static_cast<const unsigned char*>(data);
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::size_t i = 0; i < bytes; ++i) hash = (hash ^ byte[i]) * 0x100000001b3u;
  return hash;
}

// The `index`th of a row of random numbers (SplitMix64): the same on every rank, whoever asks.
inline std::uint64_t random_bits(std::uint64_t index) {
  std::uint64_t bits = (index + 1) * 0x9e3779b97f4a7c15u;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

}  // namespace example
