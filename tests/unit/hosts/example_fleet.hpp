// A cluster to test with: four Raspberry Pis 4 with Debian 12, as they would answer.
#pragma once

#include <string>

#include "hosts/placement.hpp"

namespace clustermpi::example {

inline Host host(const std::string& name, const std::string& address) {
  return {name, address, "pi", {}, {}, {}};
}

inline Inventory inventory() {
  Inventory inventory;
  inventory.name = "red";
  inventory.manager = "red";
  inventory.hosts = {host("red", "192.168.1.10"), host("red01", "192.168.1.11"),
                     host("red02", "192.168.1.12"), host("red03", "192.168.1.13")};
  return inventory;
}

inline Facts facts(const std::string& name, const std::string& address) {
  Facts facts;
  facts.hostname = name;
  facts.os_id = "debian";
  facts.os_version = "12";
  facts.os_codename = "bookworm";
  facts.architecture = "arm64";
  facts.kernel = "6.6.31+rpt-rpi-v8";
  facts.cores_per_socket = 4;
  facts.memory_kib = 3884396;
  facts.disk_free_kib = 10u << 20;
  facts.model = "Raspberry Pi 4 Model B Rev 1.4";
  facts.virtualization = "none";
  facts.interfaces = {{"eth0", address, 24}};
  facts.cluster_interface = "eth0";
  facts.cluster_address = address;
  facts.home = "/home/pi";
  facts.login_user = "pi";
  facts.sudo = true;
  facts.python = Version{3, 11, 2};
  facts.python_apt = true;
  return facts;
}

inline FleetFacts fleet_facts() {
  FleetFacts fleet;
  for (const Host& host : inventory().hosts) fleet[host.name] = facts(host.name, host.address);
  return fleet;
}

inline std::vector<std::string> names(const Inventory& inventory) {
  std::vector<std::string> names;
  for (const Host& host : inventory.hosts) names.push_back(host.name);
  return names;
}

}  // namespace clustermpi::example
