// rates.hpp: how fast each rank throws, and which hosts are slower than their like.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../../common/example.hpp"
#include "share.hpp"

namespace pi {

// A rank below this share of what its like does is worth a look. Usual differences are a few
// percent, a core shared by two ranks gives 0.5.
inline constexpr double least_ratio = 0.8;
inline constexpr double least_seconds = 0.2;  // less tells nothing of a rank

// What rank 0 learns from each rank.
struct Throughput {
  std::array<char, 64> host{};
  std::array<char, 64> processor{};
  std::array<char, 8> isa{};
  std::uint64_t darts = 0;
  double seconds = 0;
  int unsteady = 0;  // the share was thrown again, with other hits

  double rate() const { return seconds > 0 ? static_cast<double>(darts) / seconds : 0; }
  bool tells_speed() const { return darts > 0 && seconds >= least_seconds; }
};

template <std::size_t size>
void copy_text(const std::string& text, std::array<char, size>& into) {
  std::snprintf(into.data(), into.size(), "%s", text.c_str());
}

// The board of a Raspberry Pi and its like, the processor of anything else.
inline std::string processor_name() {
  std::ifstream board("/proc/device-tree/model");
  std::string line;
  if (std::getline(board, line, '\0')) return line;
  std::ifstream processors("/proc/cpuinfo");
  while (std::getline(processors, line)) {
    if (line.compare(0, 10, "model name") == 0) return line.substr(line.find(':') + 1);
  }
  return "unknown";
}

// Throws the share, again and again for as long as it takes to see a processor that is stopped now
// and then: a quota of processor time is given out ten times a second.
inline Share throw_for(double seconds, const Work& work, const Isa& isa, int rank, int size,
                       Throughput& mine) {
  MPI_Barrier(MPI_COMM_WORLD);  // all at once, so that ranks that share a core show
  const double begin = MPI_Wtime();
  Share share = throw_share(work, isa, rank, size);
  mine.darts = share.darts;
  while (MPI_Wtime() - begin < seconds && share.darts > 0) {
    const Share again = throw_share(work, isa, rank, size);
    if (again.hits != share.hits) mine.unsteady = 1;
    mine.darts += again.darts;
  }
  mine.seconds = MPI_Wtime() - begin;
  return share;
}

inline std::vector<Throughput> gather(const Throughput& mine, int size) {
  // Numbers and texts of one size and order: their bytes mean the same on every kind of host.
  std::vector<Throughput> all(static_cast<std::size_t>(size));
  MPI_Gather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, 0, MPI_COMM_WORLD);
  return all;
}

// Of two in the middle the higher: one of two nodes that is slow is held against the other.
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Suspect {
  double rate = 0;  // the mean of its slow ranks
  double median = 0;
  int ranks = 0;
};

// Each rank is held against the median of the ranks on the same kind of processor that threw with
// the same instruction set. Named are hosts, with how many of their ranks are slow.
inline std::map<std::string, Suspect> find_suspects(const std::vector<Throughput>& ranks) {
  std::map<std::pair<std::string, std::string>, std::vector<double>> rates;
  for (const Throughput& rank : ranks) {
    if (rank.tells_speed()) rates[{rank.isa.data(), rank.processor.data()}].push_back(rank.rate());
  }
  std::map<std::string, Suspect> suspects;
  for (const Throughput& rank : ranks) {
    if (!rank.tells_speed()) continue;
    const double like = median(rates[{rank.isa.data(), rank.processor.data()}]);
    if (rank.rate() >= least_ratio * like) continue;
    Suspect& suspect = suspects[rank.host.data()];
    ++suspect.ranks;
    suspect.rate += (rank.rate() - suspect.rate) / suspect.ranks;
    suspect.median = like;
  }
  return suspects;
}

inline void print_ranks(const std::vector<Throughput>& ranks) {
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    std::printf("pi rank=%zu host=%s darts=%llu seconds=%.6f samples_per_s=%.0f isa=%s\n", i,
                ranks[i].host.data(), static_cast<unsigned long long>(ranks[i].darts),
                ranks[i].seconds, ranks[i].rate(), ranks[i].isa.data());
  }
}

inline void print_suspects(const std::map<std::string, Suspect>& suspects) {
  for (const auto& [host, suspect] : suspects) {
    std::printf("pi suspect host=%s rate=%.0f median=%.0f ratio=%.2f ranks=%d\n", host.c_str(),
                suspect.rate, suspect.median, suspect.rate / suspect.median, suspect.ranks);
  }
}

inline bool all_steady(const std::vector<Throughput>& ranks) {
  bool steady = true;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i].unsteady == 0) continue;
    std::fprintf(stderr, "pi: rank %zu on %s threw the same darts again, with other hits\n", i,
                 ranks[i].host.data());
    steady = false;
  }
  return steady;
}

}  // namespace pi
