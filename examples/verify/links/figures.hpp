// figures.hpp: what came of each direction between two hosts.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "hosts.hpp"
#include "options.hpp"

namespace links {

enum Status : char {
  works = 'o',
  damaged = 'd',
  // of the plain TCP connection
  refused = 'r',
  timed_out = 't',
  unreachable = 'u',
  wrong_host = 'w',
  no_address = 'n',
  // of MPI
  mpi_timed_out = 'm',
  too_slow = 'l',
  ended = 'e',
  // of no fault of its own
  skipped = 's',
  unknown = '?',
};

struct Figures {
  Status status = unknown;
  double latency_us = 0;
  double mbps = 0;  // 10^6 bytes a second

  bool measured() const { return status == works || status == damaged; }
  bool late() const { return status == mpi_timed_out || status == too_slow; }
};

inline const char* word_for(Status status) {
  switch (status) {
    case works:
      return "ok";
    case damaged:
      return "damaged";
    case refused:
      return "refused";
    case timed_out:
      return "timeout";
    case unreachable:
      return "unreachable";
    case wrong_host:
      return "wrong_host";
    case no_address:
      return "no_address";
    case mpi_timed_out:
      return "mpi_timeout";
    case too_slow:
      return "too_slow";
    case ended:
      return "ended";
    case skipped:
      return "no_way_back";
    default:
      return "no_report";
  }
}

inline std::string likely_cause(Status status, const Host& to, const std::string& address,
                                const Options& options) {
  const std::string where = address + " port " + std::to_string(to.port);
  switch (status) {
    case damaged:
      return "messages arrived damaged: memory, cable or network card";
    case refused:
      return where + " refuses connections: a firewall on " + to.name + " rejects them";
    case timed_out:
      return where + " does not answer: a firewall drops it, or it is on another network";
    case unreachable:
      return "there is no way to " + where + ": the wrong interface or route, or a firewall";
    case wrong_host:
      return where + " is answered by another host: an address or a network that is not shared";
    case no_address:
      return to.name + " has no IPv4 address that MPI may use";
    case mpi_timed_out:
      return "TCP works, but MPI's messages do not come through: it uses other ports or another "
             "interface";
    case too_slow:
      return example::text("pings arrive, but ", messages, " messages of ", options.bytes,
                           " bytes take longer than --deadline ", options.deadline,
                           ": a slow link, or too short a deadline");
    case ended:
      return "the rank on one of them ended";
    default:
      return "the rank there did not report";
  }
}

using Row = std::vector<Figures>;
using Matrix = std::vector<Row>;

// Digits, not decimal places: a small figure must not come out as 0, of which nobody can take the
// logarithm.
inline std::string text_of(const Row& row) {
  std::string text;
  for (const Figures& figures : row) {
    std::array<char, 64> entry;
    std::snprintf(entry.data(), entry.size(), "%c,%.9g,%.9g;", figures.status, figures.latency_us,
                  figures.mbps);
    text += entry.data();
  }
  return text;
}

inline Row parse_row(const std::string& text, std::size_t hosts) {
  Row row;
  for (const std::string& entry : split(text, ';')) {
    Figures figures;
    char status = unknown;
    if (std::sscanf(entry.c_str(), "%c,%lf,%lf", &status, &figures.latency_us, &figures.mbps) == 3)
      figures.status = static_cast<Status>(status);
    row.push_back(figures);
  }
  row.resize(hosts);
  return row;
}

struct Direction {
  std::size_t from = 0;
  std::size_t to = 0;
};

inline std::vector<Direction> measured_ways(const Matrix& matrix) {
  std::vector<Direction> ways;
  for (std::size_t from = 0; from < matrix.size(); ++from) {
    for (std::size_t to = 0; to < matrix.size(); ++to) {
      if (from != to && matrix[from][to].measured()) ways.push_back({from, to});
    }
  }
  return ways;
}

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace links
