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
// one, `  --name   what it means` one without a value; --help prints it. Options are read on all
// ranks alike.
//
// Nothing is sent before the program itself sends, or calls what all ranks call.
#pragma once

#define OMPI_SKIP_MPICXX 1  // only the C interface of MPI: it compiles in half the time
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <array>
#include <charconv>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "random.hpp"

namespace example {

// A reason not to start, which all ranks see alike.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Writes a vector as [1, 2, 3], and of a long one its two ends; anything else as streams do.
template <class Value>
void write(std::ostream& out, const Value& value) {
  out << value;
}
template <class Value>
void write(std::ostream& out, const std::vector<Value>& values) {
  constexpr std::size_t end_length = 16;
  const bool is_long = values.size() > 2 * end_length;
  out << '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out << ", ";
    if (is_long && i == end_length) {
      out << "... (" << values.size() << " in all), ";
      i = values.size() - end_length;
    }
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
  }
  ~Program() {
    if (own_ != MPI_COMM_NULL) MPI_Comm_free(&own_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  int rank = 0;
  int size = 1;
  std::string host;

  const std::string& usage() const { return usage_; }
  const std::string& name() const { return name_; }
  // The host's name without its domain.
  std::string short_host() const { return host.substr(0, host.find('.')); }

  // Whether --help is among the arguments; otherwise keeps their values, or refuses.
  bool read(int argc, char** argv) {
    const std::map<std::string, bool> wants_value = options_of(usage_);
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      if (word == "--help" || word == "-h") return true;
      const auto known = wants_value.find(word);
      require(known != wants_value.end(), "'", word, "' is no option; see --help");
      require(!known->second || i + 1 < argc, word, " wants a value; see --help");
      values_[word] = known->second ? argv[++i] : "";
    }
    return false;
  }

  // Whether an option is there, for those without a value.
  bool has(const std::string& option) const { return values_.count(option) == 1; }

  // The value of an option, or what it is without one.
  std::string word(const std::string& option, const std::string& otherwise = "") const {
    const auto found = values_.find(option);
    return found == values_.end() ? otherwise : found->second;
  }
  // The name of a file; empty without the option, and only then.
  std::string file(const std::string& option) const {
    require(!has(option) || !word(option).empty(), option, " cannot be ''; see --help");
    return word(option);
  }
  template <class Whole = std::int64_t>
  Whole number(const std::string& option, std::common_type_t<Whole> otherwise,
               std::common_type_t<Whole> least, std::common_type_t<Whole> most) const {
    return has(option) ? to_number<Whole>(option, word(option), least, most) : otherwise;
  }
  int small_number(const std::string& option, int otherwise, int least, int most) const {
    return number<int>(option, otherwise, least, most);
  }
  double real(const std::string& option, double otherwise, double least, double most) const {
    if (!has(option)) return otherwise;
    const std::string written = word(option);
    char* end = nullptr;
    const double value = std::strtod(written.c_str(), &end);
    const bool whole = !written.empty() && end == written.c_str() + written.size();
    require(whole && value >= least && value <= most, option, " cannot be '", written,
            "', only a number from ", least, " to ", most, "; see --help");  // nor nan
    return value;
  }
  // A whole number out of a text, wherever the text is from.
  template <class Whole = std::int64_t>
  Whole to_number(const std::string& what, const std::string& written,
                  std::common_type_t<Whole> least, std::common_type_t<Whole> most) const {
    Whole value = 0;
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

  // The texts of all ranks on rank 0, in rank order, and nothing elsewhere; all ranks call it.
  std::vector<std::string> gather(const std::string& mine) const {
    const int length = static_cast<int>(mine.size());
    std::vector<int> lengths(static_cast<std::size_t>(size));
    MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, own());
    if (std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}) > INT_MAX) {
      throw std::length_error(
          "the ranks have 2 GiB of text and more to tell, which MPI cannot count");
    }
    std::vector<int> offsets(lengths.size());
    std::partial_sum(lengths.begin(), lengths.end() - 1, offsets.begin() + 1);
    std::string all(static_cast<std::size_t>(offsets.back() + lengths.back()), '\0');
    MPI_Gatherv(mine.data(), length, MPI_CHAR, all.data(), lengths.data(), offsets.data(), MPI_CHAR,
                0, own());
    std::vector<std::string> texts;
    for (std::size_t i = 0; rank == 0 && i < lengths.size(); ++i) {
      texts.push_back(
          all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(lengths[i])));
    }
    return texts;
  }

  // The last line and the exit status; all ranks call it, each with what it found itself. The parts
  // are `key=value`s, and rank 0's are printed.
  template <class... Parts>
  int result(bool ok_here, const Parts&... parts) const {
    const int ok = ok_here ? 1 : 0;
    std::vector<int> found(static_cast<std::size_t>(size));
    MPI_Gather(&ok, 1, MPI_INT, found.data(), 1, MPI_INT, 0, own());
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
    MPI_Bcast(&all_ok, 1, MPI_INT, 0, own());
    return all_ok == 1 ? 0 : 1;
  }

 private:
  // Which there are, and whether they want a value: what it means stands two blanks behind them.
  static std::map<std::string, bool> options_of(const std::string& usage) {
    std::map<std::string, bool> options;
    std::istringstream lines(usage);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("  --", 0) != 0) continue;
      const std::size_t end = line.find(' ', 2);
      options[line.substr(2, end - 2)] = line.compare(end, 2, "  ") != 0;
    }
    return options;
  }

  void print_all(const std::string& mine) const {
    for (const std::string& text : gather(mine)) std::fputs(text.c_str(), stdout);
    if (rank == 0) std::fflush(stdout);
  }

  // What this class sends must never meet what the program sends. Making a communicator sends, too:
  // there is none before all ranks need it.
  MPI_Comm own() const {
    if (own_ == MPI_COMM_NULL) MPI_Comm_dup(MPI_COMM_WORLD, &own_);
    return own_;
  }

  std::string name_;
  std::string usage_;
  std::map<std::string, std::string> values_;
  mutable MPI_Comm own_ = MPI_COMM_NULL;
};

inline int run(int argc, char** argv, const char* name, const char* usage, int (*body)(Program&)) {
  const int needed = MPI_THREAD_FUNNELED;  // a program may start threads, but one alone calls MPI
  int provided = 0;
  MPI_Init_thread(&argc, &argv, needed, &provided);
  int status = 0;
  {
    Program program(name, usage);
    try {
      program.require(provided >= needed, "this MPI does not allow a program to have threads");
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

}  // namespace example
