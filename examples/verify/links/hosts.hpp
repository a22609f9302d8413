// hosts.hpp: who takes part, and where they are found.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "sockets.hpp"

namespace links {

struct Host {
  int rank = 0;  // its first one, which measures
  std::string name;
  int port = 0;
  std::vector<Address> addresses;
};

inline std::string text_of(const Host& host) {
  std::string text =
      std::to_string(host.rank) + ";" + host.name + ";" + std::to_string(host.port) + ";";
  for (const Address& address : host.addresses) {
    text += address.text() + "/" + std::to_string(address.prefix) + ",";
  }
  return text;
}

inline Host parse_host(const std::string& text) {
  std::vector<std::string> parts = split(text, ';');
  parts.resize(4);
  Host host{std::atoi(parts[0].c_str()), parts[1], std::atoi(parts[2].c_str()), {}};
  for (const std::string& address : split(parts[3], ',')) {
    host.addresses.push_back(parse_address(address));
  }
  return host;
}

inline std::vector<Host> parse_hosts(const std::string& text) {
  std::vector<Host> hosts;
  for (const std::string& host : split(text, '|')) hosts.push_back(parse_host(host));
  return hosts;
}

// Which of `to`'s addresses `from` would use: those on a network of its own, else any.
inline std::vector<Address> addresses_for(const Host& from, const Host& to) {
  std::vector<Address> near;
  for (const Address& theirs : to.addresses) {
    const bool shared =
        std::any_of(from.addresses.begin(), from.addresses.end(),
                    [&](const Address& mine) { return mine.shares_network_with(theirs); });
    if (shared) near.push_back(theirs);
  }
  return near.empty() ? to.addresses : near;
}

}  // namespace links
