// For tests/bench/hostlist.sh: what our own library takes, in process.
//   hostlist_times fold <NAMES, hostlist_times expand EXPRESSION: milliseconds on stdout.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "hosts/hostlist.hpp"

int main(int argc, char** argv) {
  const bool fold = argc > 1 && argv[1] == std::string("fold");
  std::vector<std::string> names;
  for (std::string name; fold && std::getline(std::cin, name);) names.push_back(name);
  const auto begin = std::chrono::steady_clock::now();
  const std::size_t size = fold ? clustermpi::fold_hostlist(names).size()
                                : clustermpi::Hostlist::parse(argc > 2 ? argv[2] : "").size();
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  std::printf("%.3f\n", taken.count());
  return size > 0 ? 0 : 1;
}
