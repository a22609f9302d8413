#include "hosts/overview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hosts/mpi.hpp"

namespace clustermpi {
namespace {

constexpr std::array headings = {"HOST",   "ADDRESS", "SYSTEM", "ARCH", "CPU",
                                 "MEMORY", "FREE",    "PYTHON", "MPI",  "MODEL"};
using Row = std::array<std::string, headings.size()>;

std::string gibibytes(std::uint64_t kib) {
  return fmt::format("{:.1f} GiB", static_cast<double>(kib) / (1 << 20));
}

std::string or_dash(std::string text) {
  return text.empty() ? "-" : text;
}

/// "4" cores, or "2x8x2" processors, cores and threads where there is more than one to tell.
std::string cpu(const Facts& facts) {
  if (facts.sockets == 1 && facts.threads_per_core == 1) return std::to_string(facts.cores());
  return fmt::format("{}x{}x{}", facts.sockets, facts.cores_per_socket, facts.threads_per_core);
}

std::string system_name(const Facts& facts) {
  return or_dash(
      fmt::format("{}{}{}", facts.os_id, facts.os_version.empty() ? "" : " ", facts.os_version));
}

std::string installed_mpi(const Facts& facts, MpiImplementation mpi) {
  const MpiNames& names = mpi_names(mpi);
  const auto at = facts.packages.find(std::string(names.runtime));
  const auto version = at == facts.packages.end() ? std::nullopt : parse_version(at->second);
  return version ? fmt::format("{} {}", names.title, to_string(*version)) : "-";
}

Row row_of(const Host& host, const FleetFacts& facts, MpiImplementation mpi) {
  HostSummary summary = summarize(host, facts, mpi);
  return {host.name,      summary.address,   summary.system, summary.architecture, summary.cpu,
          summary.memory, summary.disk_free, summary.python, summary.mpi,          summary.model};
}

std::string line(const Row& row, const std::array<std::size_t, headings.size()>& widths) {
  std::string out;
  for (std::size_t column = 0; column < row.size(); ++column) {
    const bool last = column + 1 == row.size();
    out += last ? row[column] : fmt::format("{:<{}}  ", row[column], widths[column]);
  }
  return out + '\n';
}

template <typename Numbers>
std::string render_list(const std::vector<SystemVector>& vectors, std::string_view symbol,
                        Numbers numbers) {
  std::string out;
  for (const SystemVector& vector : vectors)
    out +=
        fmt::format("{}{}({})", out.empty() ? "" : ", ", symbol, fmt::join(numbers(vector), ", "));
  return vectors.size() == 1 ? out : '[' + out + ']';
}

}  // namespace

HostSummary summarize(const Host& host, const FleetFacts& facts, MpiImplementation mpi) {
  const auto known = facts.find(host.name);
  if (known == facts.end()) return {host.address, "unknown", "-", "-", "-", "-", "-", "-", "-"};
  const Facts& node = known->second;
  return {or_dash(node.cluster_address),
          system_name(node),
          or_dash(node.architecture),
          cpu(node),
          gibibytes(node.memory_kib),
          gibibytes(node.disk_free_kib),
          node.python ? to_string(*node.python) : "-",
          installed_mpi(node, mpi),
          or_dash(node.model)};
}

std::string facts_table(const Inventory& inventory, const FleetFacts& facts) {
  Row heading;
  std::copy(headings.begin(), headings.end(), heading.begin());
  std::vector<Row> rows = {heading};
  for (const Host& host : inventory.hosts) rows.push_back(row_of(host, facts, inventory.mpi));
  std::array<std::size_t, headings.size()> widths{};
  for (const Row& row : rows)
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  std::string out;
  for (const Row& row : rows) out += line(row, widths);
  return out;
}

std::vector<SystemVector> system_vectors(const Inventory& inventory, const FleetFacts& facts) {
  std::vector<SystemVector> vectors;
  for (const Host& host : inventory.hosts) {
    const auto known = facts.find(host.name);
    if (known == facts.end()) continue;
    const Facts& node = known->second;
    const SystemVector own{0, node.sockets, node.cores_per_socket, node.threads_per_core};
    auto like = std::find_if(vectors.begin(), vectors.end(), [&](SystemVector vector) {
      vector.nodes = 0;
      return vector == own;
    });
    if (like == vectors.end()) like = vectors.insert(vectors.end(), own);
    ++like->nodes;
  }
  return vectors;
}

std::string render_vectors(const std::vector<SystemVector>& vectors) {
  return render_list(vectors, "S", [](const SystemVector& vector) {
    return std::array{vector.nodes, vector.processors, vector.cores, vector.threads};
  });
}

std::string render_totals(const std::vector<SystemVector>& vectors) {
  return render_list(vectors, "S^T", [](const SystemVector& vector) {
    const unsigned processors = vector.nodes * vector.processors;
    const unsigned cores = processors * vector.cores;
    return std::array{vector.nodes, processors, cores, cores * vector.threads};
  });
}

}  // namespace clustermpi
