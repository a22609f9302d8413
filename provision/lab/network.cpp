#include "provision/lab/network.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/lab/names.hpp"
#include "provision/process.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

std::string run_or_throw(const std::vector<std::string>& argv, std::string_view doing,
                         const std::string& input = {}) {
  ProcessOptions options;
  options.input = input;
  ProcessResult result = run_process(argv, options);
  if (result.ok()) return std::move(result.out);
  const std::string said = result.err.substr(0, result.err.find('\n'));
  throw Error(ExitCode::local_failure, fmt::format("cannot {}: {}: {}", doing, argv.front(), said));
}

struct Block {
  std::uint32_t address = 0;
  std::uint32_t mask = 0;

  [[nodiscard]] bool overlaps(const Block& other) const {
    const std::uint32_t common = mask & other.mask;
    return (address & common) == (other.address & common);
  }
};

std::optional<Block> parse_block(const std::string& text) {
  const std::size_t slash = text.find('/');
  in_addr address{};
  if (::inet_pton(AF_INET, text.substr(0, slash).c_str(), &address) != 1) return std::nullopt;
  unsigned prefix = 32;
  if (slash != std::string::npos) {
    std::from_chars(text.data() + slash + 1, text.data() + text.size(), prefix);
  }
  const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - std::min(prefix, 32U));
  return Block{ntohl(address.s_addr), mask};
}

bool nic_exists(const std::string& name) {
  return fs::exists("/sys/class/net/" + name);
}
bool netns_exists(const std::string& name) {
  return fs::exists("/run/netns/" + name);
}

bool nft_table_exists(const std::string& table) {
  std::istringstream lines(run_or_throw({"nft", "list", "tables", "ip"}, "list the nftables"));
  for (std::string line; std::getline(lines, line);) {
    if (line == "table ip " + table) return true;
  }
  return false;
}

/// With the kernel's own numbers: 10 ms of data at once, at least a few frames.
std::string token_bucket(std::uint64_t bits_per_second) {
  constexpr std::uint64_t smallest_burst = 16 * 1024;
  return fmt::format("rate {}bit burst {} latency 100ms", bits_per_second,
                     std::max(smallest_burst, bits_per_second / 8 / 100));
}

}  // namespace

std::string pick_network(const std::vector<std::string>& taken) {
  std::vector<Block> blocks;
  for (const std::string& text : taken) {
    if (const auto block = parse_block(text)) blocks.push_back(*block);
  }
  for (unsigned third = 0; third < 256; ++third) {
    const std::string network = fmt::format("10.213.{}", third);
    const Block candidate = *parse_block(network + ".0/24");
    if (std::none_of(blocks.begin(), blocks.end(),
                     [&](const Block& block) { return block.overlaps(candidate); })) {
      return network;
    }
  }
  return {};
}

std::vector<std::string> networks_in_use() {
  std::vector<std::string> taken;
  const std::string routes =
      run_or_throw({"ip", "-json", "-4", "route", "show", "table", "all"}, "list the routes");
  for (const auto& route : nlohmann::json::parse(routes)) {
    taken.push_back(route.value("dst", ""));  // "default" is no network, and takes none
    taken.push_back(route.value("gateway", ""));
  }
  // A name server behind the default route would be cut off by a lab with its network.
  std::istringstream lines(read_file_if_exists("/etc/resolv.conf").value_or(""));
  for (std::string key, value; lines >> key >> value;) {
    if (key == "nameserver") taken.push_back(value);
  }
  return taken;
}

bool names_are_free(const std::string& lab) {
  if (nic_exists(bridge_name(lab)) || nft_table_exists(nft_table(lab))) return false;
  for (unsigned number = 1; number <= max_nodes; ++number) {
    const std::string node = node_name(lab, number);
    if (nic_exists(cable_name(node)) || netns_exists(node)) return false;
  }
  return true;
}

void make_bridge(const LabRecord& lab) {
  const std::string bridge = bridge_name(lab.name);
  run_or_throw({"ip", "-batch", "-"}, "make the bridge of the lab",
               fmt::format("link add {0} type bridge\naddr add {1}/24 dev {0}\nlink set {0} up\n",
                           bridge, lab.gateway()));
  run_or_throw(
      {"nft", "-f", "-"}, "let the lab reach the world",
      fmt::format("table ip {} {{ chain postrouting {{ type nat hook postrouting priority 100; "
                  "ip saddr {} oifname != \"{}\" masquerade; }}; }}\n",
                  nft_table(lab.name), lab.subnet(), bridge));
}

void connect_nodes(const LabRecord& lab, const std::vector<NodeRecord>& nodes) {
  std::string here;
  for (const NodeRecord& node : nodes) {
    here += fmt::format(
        "netns add {0}\nlink add {1} type veth peer name eth0 netns {0}\nlink set {1} master {2} "
        "up\n",
        node.name, cable_name(node.name), bridge_name(lab.name));
  }
  run_or_throw({"ip", "-batch", "-"}, "connect the nodes to the bridge", here);
  for (const NodeRecord& node : nodes) {
    run_or_throw({"ip", "-netns", node.name, "-batch", "-"},
                 fmt::format("give {} its address", node.name),
                 fmt::format("addr add {}/24 dev eth0\nlink set eth0 up\nlink set lo up\n"
                             "route add default via {}\n",
                             node.address, lab.gateway()));
  }
}

void remove_network(const LabRecord& lab) {
  std::string commands;
  for (const NodeRecord& node : lab.nodes) {
    // The kernel takes a namespace down some time after its last process: the cable would outlive
    // us.
    if (nic_exists(cable_name(node.name))) commands += "link del " + cable_name(node.name) + "\n";
    if (netns_exists(node.name)) commands += "netns del " + node.name + "\n";
  }
  if (bridge_exists(lab.name)) commands += "link del " + bridge_name(lab.name) + "\n";
  if (!commands.empty()) {
    run_or_throw({"ip", "-force", "-batch", "-"}, "remove the network of the lab", commands);
  }
  const std::string table = nft_table(lab.name);
  if (nft_table_exists(table)) {
    run_or_throw({"nft", "delete", "table", "ip", table}, "remove the NAT rule of the lab");
  }
}

bool bridge_exists(const std::string& lab) {
  return nic_exists(bridge_name(lab));
}

void set_link(const std::string& node, bool up) {
  run_or_throw({"ip", "link", "set", cable_name(node), up ? "up" : "down"},
               fmt::format("{} the link of {}", up ? "mend" : "cut", node));
}

bool link_is_up(const std::string& node) {
  const auto flags = read_file_if_exists("/sys/class/net/" + cable_name(node) + "/flags");
  return flags && (std::stoul(*flags, nullptr, 16) & IFF_UP) != 0;
}

void limit_rate(const std::string& node, std::uint64_t bits_per_second, bool limited_now) {
  if (bits_per_second == 0 && !limited_now) return;
  // A queue holds back what leaves by it: one at each end of the cable.
  const std::string verb = bits_per_second == 0 ? "del" : "replace";
  const std::string queue = bits_per_second == 0 ? "" : " tbf " + token_bucket(bits_per_second);
  const std::string doing = fmt::format("limit the NIC of {}", node);
  run_or_throw({"tc", "-batch", "-"}, doing,
               fmt::format("qdisc {} dev {} root{}\n", verb, cable_name(node), queue));
  run_or_throw({"tc", "-netns", node, "-batch", "-"}, doing,
               fmt::format("qdisc {} dev eth0 root{}\n", verb, queue));
}

}  // namespace clustermpi::lab
