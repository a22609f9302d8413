// What is known of the fleet, as text for people: the table of `facts` and the vectors of
// `sysinfo`.
#pragma once

#include <string>
#include <vector>

#include "hosts/inventory.hpp"
#include "hosts/placement.hpp"

namespace clustermpi {

/// A host at a glance; "-" where nothing is known.
struct HostSummary {
  std::string address;
  std::string system;  ///< "debian 12"
  std::string architecture;
  std::string cpu;     ///< "4" cores, or "2x8x2": processors, cores and threads
  std::string memory;  ///< "3.7 GiB", and so is `disk_free`
  std::string disk_free;
  std::string python;
  std::string mpi;    ///< "Open MPI 4.1.4"
  std::string model;  ///< "Raspberry Pi 4 Model B Rev 1.4"
};
/// Of a host of the inventory; its `system` is "unknown" where there are no facts of it.
[[nodiscard]] HostSummary summarize(const Host& host, const FleetFacts& facts,
                                    MpiImplementation mpi);

/// One line a host in the inventory's order below a line of headings, columns aligned. Hosts
/// without facts are listed as unknown.
[[nodiscard]] std::string facts_table(const Inventory& inventory, const FleetFacts& facts);

/// S(N, p, c, t): N nodes, p processors per node, c cores per processor, t threads per core. The
/// course book calls t "threads per processor" but multiplies all four for the total, and so do we:
/// N*p*c*t is the number of hardware threads.
struct SystemVector {
  unsigned nodes = 0;
  unsigned processors = 0;
  unsigned cores = 0;
  unsigned threads = 0;

  bool operator==(const SystemVector&) const = default;
};

/// One vector for each kind of node among the hosts with facts, in the order of the inventory: a
/// homogeneous fleet has one.
[[nodiscard]] std::vector<SystemVector> system_vectors(const Inventory& inventory,
                                                       const FleetFacts& facts);

/// "S(4, 1, 4, 1)"; of several kinds of node a list: "[S(4, 1, 4, 1), S(1, 2, 8, 2)]".
[[nodiscard]] std::string render_vectors(const std::vector<SystemVector>& vectors);

/// "S^T(4, 4, 16, 16)": nodes, processors, cores and threads in total, a list likewise.
[[nodiscard]] std::string render_totals(const std::vector<SystemVector>& vectors);

}  // namespace clustermpi
