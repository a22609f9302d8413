// What `bench` can run, each kind with what it shows of its runs.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hosts/plot.hpp"
#include "provision/steps/hpl.hpp"
#include "provision/steps/sweep.hpp"

namespace clustermpi::cli {

struct BenchReport {
  std::string table;    ///< for people
  std::string csv;      ///< for programs
  nlohmann::json json;  ///< likewise; an object
  /// By the names of their files; nothing where these runs make no such picture.
  std::vector<std::pair<std::string, std::optional<Plot>>> plots;
};

class Benchmark {
 public:
  virtual ~Benchmark() = default;

  /// What decides the figures beside ranks and parameters; it may have placeholders.
  [[nodiscard]] virtual std::vector<std::string> command() const = 0;
  /// The program of the catalogue that it runs; empty where it is the hosts' own.
  [[nodiscard]] virtual std::string example() const { return {}; }
  /// Parameters that it has by itself: what was run with other values of them is kept beside.
  [[nodiscard]] virtual std::vector<SweepParameter> parameters() const { return {}; }
  /// Numbers of ranks where none are given, and `room` is how many fit.
  [[nodiscard]] virtual std::vector<unsigned> default_counts(unsigned room) const { return {room}; }
  /// Brings to the hosts what is to be run. Throws Error{usage} where these cannot run it.
  [[nodiscard]] virtual std::vector<std::unique_ptr<Step>> preparation(
      const Inventory& inventory) const = 0;
  /// `job` says all but ranks and command; the cluster outlives the program.
  [[nodiscard]] virtual SweepProgram program(const Cluster& cluster, const MpiJob& job) const = 0;
  [[nodiscard]] virtual BenchReport report(const std::string& name, const Cluster& cluster,
                                           const MpiJob& job,
                                           const std::vector<SweepRun>& runs) const = 0;
};

/// A word without a slash that the catalogue knows is that example, with the arguments of its
/// source where none are given; all else is a program on the hosts, as for `run`.
[[nodiscard]] std::unique_ptr<Benchmark> program_benchmark(std::vector<std::string> command);

inline constexpr std::string_view hpl_name = "hpl";
[[nodiscard]] std::unique_ptr<Benchmark> hpl_benchmark(HplSize size);

inline constexpr std::string_view pi_study_name = "pi-study";
[[nodiscard]] std::unique_ptr<Benchmark> pi_study_benchmark();

}  // namespace clustermpi::cli
