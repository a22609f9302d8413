// The fleet alone, for measurements: runs one command on all addresses of its standard input.
// usage: ssh_exec KNOWN_HOSTS IDENTITY USER PORT COMMAND <addresses
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "provision/fleet.hpp"
#include "provision/ssh/known_hosts.hpp"

int main(int argc, char** argv) {
  using namespace clustermpi;
  if (argc != 6) {
    std::fputs("usage: ssh_exec KNOWN_HOSTS IDENTITY USER PORT COMMAND <addresses\n", stderr);
    return 2;
  }
  FleetOptions options;
  options.credentials.identities = {argv[2]};
  std::vector<Target> targets;
  std::vector<Job> jobs;
  for (std::string address; std::getline(std::cin, address);) {
    Job job;
    job.host = targets.size();
    job.command = argv[5];
    jobs.push_back(std::move(job));
    targets.push_back({address, address, static_cast<std::uint16_t>(std::stoi(argv[4])), argv[3]});
  }
  KnownHosts known_hosts(argv[1]);
  CancelToken cancel;
  Fleet fleet(std::move(targets), std::move(options), known_hosts, cancel);
  std::size_t failed = 0;
  for (const Result& result : fleet.run(std::move(jobs))) {
    if (result.ok()) continue;
    ++failed;
    std::fprintf(stderr, "%s: %s\n", fleet.targets()[result.host].name.c_str(),
                 result.error ? result.error->message.c_str() : "the command failed");
  }
  return failed == 0 ? 0 : 4;
}
