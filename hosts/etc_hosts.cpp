#include <fmt/format.h>

#include <map>

#include "hosts/error.hpp"
#include "hosts/ipv4.hpp"
#include "hosts/names.hpp"
#include "hosts/writers.hpp"

namespace clustermpi {
namespace {

/// The address that the other nodes reach `host` by, where we know it.
std::string cluster_address(const Host& host, const FleetFacts& facts) {
  const auto known = facts.find(host.name);
  if (known != facts.end() && !known->second.cluster_address.empty())
    return known->second.cluster_address;
  return parse_ipv4(host.address) ? host.address : std::string{};
}

/// The resolver takes the first line that has a name, whatever the others say.
class HostsFile {
 public:
  HostsFile(const Inventory& inventory, const FleetFacts& facts) {
    if (const auto network = find_cluster_network(inventory, facts))
      network_ = parse_ipv4_network(*network);
  }

  void add(const Host& host, const std::string& address) {
    const std::string name(host.name);
    const std::string alias(short_name(name));
    check_address(name, address);
    claim(lower_case(name), name);
    if (alias != name) claim(lower_case(alias), name);
    text_ += alias == name ? fmt::format("{} {}\n", address, name)
                           : fmt::format("{} {} {}\n", address, name, alias);
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  void check_address(const std::string& host, const std::string& address) {
    constexpr Ipv4Network own_machine = {127u << 24, 8};
    const auto bits = parse_ipv4(address);
    if (!bits)
      throw Error(ExitCode::usage, fmt::format("host {} has no IPv4 address: {}", host, address),
                  "run clustermpi discover anew");
    if (own_machine.contains(*bits))
      throw Error(ExitCode::usage,
                  fmt::format("host {} has the address {}, which each host takes for itself", host,
                              address),
                  "give its 'address' in the cluster's network, and run clustermpi discover");
    if (network_ && !network_->contains(*bits))
      throw Error(ExitCode::usage,
                  fmt::format("host {} has the address {}, which is not in the cluster's network "
                              "{}",
                              host, address, to_string(*network_)),
                  "give its 'address' there, or the 'network' that all are in below [cluster]");
    const auto [first, is_new] = addresses_.try_emplace(*bits, host);
    if (!is_new)
      throw Error(ExitCode::usage,
                  fmt::format("hosts {} and {} have one address inside the cluster: {}",
                              first->second, host, address),
                  "give each an address of its own, and run clustermpi discover");
  }

  void claim(const std::string& name, const std::string& host) {
    const std::string_view first_part = short_name(name);
    if (first_part == "localhost" || first_part.starts_with("ip6-"))
      throw Error(ExitCode::usage,
                  fmt::format("host {} has a name that each host has for itself", host),
                  "rename it in the inventory");
    const auto [first, is_new] = names_.try_emplace(name, host);
    if (!is_new)
      throw Error(ExitCode::usage,
                  fmt::format("hosts {} and {} are both called {} in /etc/hosts", first->second,
                              host, name),
                  "rename one of them in the inventory");
  }

  std::optional<Ipv4Network> network_;
  std::map<std::string, std::string> names_;  // each name and alias -> its host
  std::map<std::uint32_t, std::string> addresses_;
  std::string text_;
};

}  // namespace

std::string etc_hosts(const Inventory& inventory, const FleetFacts& facts) {
  HostsFile file(inventory, facts);
  for (const Host& host : inventory.hosts) {
    const std::string address = cluster_address(host, facts);
    if (address.empty())
      throw Error(ExitCode::usage,
                  fmt::format("the address of host {} inside the cluster is not known", host.name),
                  "run clustermpi discover, or give its 'address' in the inventory");
    file.add(host, address);
  }
  return std::move(file).text();
}

}  // namespace clustermpi
