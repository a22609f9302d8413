#include "provision/lab/lab.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>
#include <system_error>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/lab/apt.hpp"
#include "provision/lab/base_root.hpp"
#include "provision/lab/control_group.hpp"
#include "provision/lab/events.hpp"
#include "provision/lab/host_settings.hpp"
#include "provision/lab/inventory_file.hpp"
#include "provision/lab/mounts.hpp"
#include "provision/lab/names.hpp"
#include "provision/lab/network.hpp"
#include "provision/lab/node.hpp"
#include "provision/lab/processes.hpp"
#include "provision/lab/requirements.hpp"
#include "provision/lab/store.hpp"

namespace clustermpi::lab {
namespace {

namespace fs = std::filesystem;

constexpr unsigned first_address = 11;  ///< node 1 is .11: the gateway has .1

HostSettings host_settings(const Store& store) {
  return HostSettings(store.home() / "host.json");
}

bool is_one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void check_groups(const UpOptions& options) {
  unsigned nodes = 0;
  for (const NodeGroup& group : options.groups) {
    if (!is_one_of(group.suite, {"bookworm", "trixie"})) {
      throw Error(ExitCode::usage, fmt::format("a lab has no nodes of suite \"{}\"", group.suite),
                  "take bookworm or trixie");
    }
    if (!is_one_of(group.arch, {"amd64", "arm64"})) {
      throw Error(ExitCode::usage,
                  fmt::format("a lab has no nodes of architecture \"{}\"", group.arch),
                  "take amd64 or arm64");
    }
    nodes += group.nodes;
  }
  if (nodes == 0 || nodes > max_nodes) {
    throw Error(ExitCode::usage,
                fmt::format("a lab has between 1 and {} nodes, not {}", max_nodes, nodes));
  }
}

std::vector<std::string> archs_of(const std::vector<NodeGroup>& groups) {
  std::vector<std::string> archs;
  for (const NodeGroup& group : groups) archs.push_back(group.arch);
  return archs;
}

LabRecord load_or_throw(const Store& store, const std::string& name) {
  if (auto record = store.load(name)) return std::move(*record);
  throw Error(ExitCode::local_failure, fmt::format("there is no lab \"{}\" on this machine", name),
              "`clustermpi lab list` shows those that are");
}

FolderLock lock_lab(const Store& store, const std::string& name) {
  if (auto lock = FolderLock::try_now(store.lab_folder(name))) return std::move(*lock);
  throw Error(ExitCode::local_failure,
              fmt::format("another command is working on the lab \"{}\"", name),
              "wait until it ends, or end it, and try again");
}

// ---- Up
// ------------------------------------------------------------------------------------------

std::string free_network(const Store& store) {
  std::vector<std::string> taken = networks_in_use();
  for (const std::string& name : store.names()) {
    // A lab that is being taken down may have lost its record since it was listed.
    if (const auto record = store.load(name)) taken.push_back(record->subnet());
  }
  const std::string network = pick_network(taken);
  if (network.empty()) {
    throw Error(ExitCode::local_failure, "no /24 of 10.213.0.0/16 is free on this machine",
                "end labs that are no longer needed: clustermpi lab down NAME");
  }
  return network;
}

std::string free_name(const Store& store, const std::string& like) {
  for (char letter = 'b'; letter <= 'z'; ++letter) {
    const std::string name = like.substr(0, 9) + letter;
    if (!store.load(name) && names_are_free(name)) return name;
  }
  return "NAME";
}

void check_name_is_free(const Store& store, const std::string& name) {
  if (const auto there = store.load(name)) {
    if (!there->complete) {
      throw Error(ExitCode::local_failure,
                  fmt::format("the lab \"{}\" was left unfinished by an earlier `lab up`", name),
                  fmt::format("clear it away first: clustermpi lab down {}", name));
    }
    throw Error(
        ExitCode::local_failure, fmt::format("the lab \"{}\" is up already", name),
        fmt::format("add nodes to it with --add, end it with `clustermpi lab down {}`, or make "
                    "another beside it with --name {}",
                    name, free_name(store, name)));
  }
  if (!names_are_free(name)) {
    throw Error(
        ExitCode::local_failure,
        fmt::format("something on this machine that is no lab of ours is called {0}-br, {0}01 or "
                    "the like",
                    name),
        fmt::format("take another name: --name {}", free_name(store, name)));
  }
}

/// The nodes that `groups` ask for, numbered on behind those there are; added to the record.
std::vector<NodeRecord> add_nodes(LabRecord& record, const std::vector<NodeGroup>& groups) {
  const std::size_t before = record.nodes.size();
  for (const NodeGroup& group : groups) {
    for (unsigned i = 0; i < group.nodes; ++i) {
      const auto number = static_cast<unsigned>(record.nodes.size()) + 1;
      if (number > max_nodes) {
        throw Error(ExitCode::usage, fmt::format("the lab \"{}\" cannot have more than {} nodes",
                                                 record.name, max_nodes));
      }
      record.nodes.push_back({node_name(record.name, number),
                              fmt::format("{}.{}", record.network, first_address - 1 + number),
                              group.suite, group.arch, 0});
    }
  }
  return {record.nodes.begin() + static_cast<std::ptrdiff_t>(before), record.nodes.end()};
}

struct Started {
  LabRecord record;
  std::vector<NodeRecord> fresh;  ///< nodes to be made
  FolderLock lock;                ///< of the lab
};

/// Writes down what will be made, before any of it is.
Started begin_up(const Store& store, const UpOptions& options) {
  const FolderLock all = FolderLock::wait(store.home());
  if (options.add) {
    (void)load_or_throw(store, options.name);
    FolderLock lock = lock_lab(store, options.name);
    LabRecord record = load_or_throw(store, options.name);
    if (!record.complete) check_name_is_free(store, options.name);
    if (!options.force) check_inventory_is_unedited(record);
    record.complete = false;
    std::vector<NodeRecord> fresh = add_nodes(record, options.groups);
    store.save(record);
    return {std::move(record), std::move(fresh), std::move(lock)};
  }
  check_name_is_free(store, options.name);
  LabRecord record;
  record.name = options.name;
  record.network = free_network(store);
  record.slurm = options.slurm;
  record.inventory = fs::absolute(options.inventory).lexically_normal();
  if (!options.force) check_inventory_is_ours(record);
  fs::create_directories(store.lab_folder(record.name));
  FolderLock lock = lock_lab(store, record.name);
  std::vector<NodeRecord> fresh = add_nodes(record, options.groups);
  store.save(record);
  forget_predecessor(record);
  return {std::move(record), std::move(fresh), std::move(lock)};
}

void prepare_host(const Store& store, const std::vector<std::string>& archs) {
  const FolderLock all = FolderLock::wait(store.home());
  HostSettings settings = host_settings(store);
  settings.prepare();
  for (const std::string& arch : archs) {
    if (arch != native_arch()) settings.emulate(arch);
  }
}

HostKey host_key_of(const NodePaths& paths) {
  std::istringstream fields(read_file(paths.host_key));
  HostKey key;
  fields >> key.type >> key.base64;
  return key;
}

/// Where a node comes from.
struct Material {
  fs::path base;
  AptSetup apt;
};

std::map<std::string, Material> gather_material(const std::vector<NodeRecord>& nodes,
                                                Reporter& reporter, CancelToken& cancel) {
  std::map<std::string, Material> material;
  for (const NodeRecord& node : nodes) {
    const std::string key = node.suite + "-" + node.arch;
    if (material.contains(key)) continue;
    AptSetup apt = apt_setup(node.suite);
    fs::path base = base_root(node.suite, node.arch, apt, reporter, cancel);
    material.emplace(key, Material{std::move(base), std::move(apt)});
  }
  return material;
}

/// Emulated processors take their time.
std::chrono::seconds boot_limit(const std::vector<NodeRecord>& nodes) {
  const auto foreign = std::count_if(nodes.begin(), nodes.end(), [](const NodeRecord& node) {
    return node.arch != native_arch();
  });
  return std::chrono::seconds(60 + 4 * static_cast<int>(nodes.size()) +
                              60 * static_cast<int>(foreign));
}

void make_nodes(const Store& store, const Started& lab, Reporter& reporter, CancelToken& cancel) {
  const auto material = gather_material(lab.fresh, reporter, cancel);
  if (!bridge_exists(lab.record.name)) make_bridge(lab.record);
  connect_nodes(lab.record, lab.fresh);
  const std::string authorized_key = make_identity(lab.record);
  std::vector<BootingNode> booting;
  for (const NodeRecord& node : lab.fresh) {
    if (cancel.cancelled())
      throw Error(ExitCode::interrupted, "interrupted while making the nodes");
    const NodePaths paths(store.node_folder(lab.record.name, node.name));
    const Material& from = material.at(node.suite + "-" + node.arch);
    make_disk(node, paths, from.base, from.apt, authorized_key);
    pin_host_key(lab.record, node, host_key_of(paths));
    booting.push_back({node, paths, boot(node, paths)});
    tell(reporter, Event::Kind::progress, "booting", node.name);
  }
  wait_for_ssh(booting, boot_limit(lab.fresh), reporter, cancel);
}

// ---- Down
// ----------------------------------------------------------------------------------------

void power_off_all(const Store& store, const LabRecord& record) {
  const fs::path folder = store.lab_folder(record.name);
  kill_all([&] { return machines_below(folder); }, "the lab " + record.name);
  for (const NodeRecord& node : record.nodes) {
    power_off(node, NodePaths(store.node_folder(record.name, node.name)));
  }
}

/// What systemd-nspawn keeps for a machine, and removes only when it ends by itself.
void forget_machines(const Store& store, const LabRecord& record) {
  const fs::path nspawn = "/run/systemd/nspawn";
  for (const NodeRecord& node : record.nodes) {
    for (const char* folder : {"propagate", "unix-export"})
      remove_folder(nspawn / folder / node.name);
    struct stat root {};
    const NodePaths paths(store.node_folder(record.name, node.name));
    if (::stat(paths.root.c_str(), &root) == 0) {
      fs::remove(nspawn / "locks" / fmt::format("inode-{}:{}", root.st_dev, root.st_ino));
    }
  }
}

/// With the lab's lock held.
void take_down(const Store& store, const LabRecord& record) {
  power_off_all(store, record);
  forget_machines(store, record);
  remove_network(record);
  for (const NodeRecord& node : record.nodes) remove_control_groups(node.name);
  forget_inventory(record);
  remove_folder(store.lab_folder(record.name));
}

/// Puts this machine back as it was, if no lab is left.
void leave_host(const Store& store) {
  const FolderLock all = FolderLock::wait(store.home());
  clear_abandoned_builds();
  if (!store.names().empty()) return;
  host_settings(store).restore();
  // With a temporary file that a killed `lab up` may have left there.
  remove_folder(store.home());
}

// ---- One node
// ------------------------------------------------------------------------------------

/// A node of a lab that is not being worked on, with its lab.
struct Located {
  Store store;
  LabRecord record;
  FolderLock lock;
  std::size_t index;

  [[nodiscard]] NodeRecord& node() { return record.nodes[index]; }
  [[nodiscard]] NodePaths paths() const {
    return NodePaths(store.node_folder(record.name, record.nodes[index].name));
  }
};

Located locate(const std::string& host) {
  require_root();
  const Store store;
  const std::string lab(lab_of(host));
  if (const auto record = store.load(lab); !lab.empty() && record) {
    for (std::size_t i = 0; i < record->nodes.size(); ++i) {
      if (record->nodes[i].name == host) return {store, *record, lock_lab(store, lab), i};
    }
  }
  throw Error(ExitCode::local_failure,
              fmt::format("no lab on this machine has a node \"{}\"", host),
              "`clustermpi lab list` shows the nodes");
}

NodeStatus status_of(const Store& store, const LabRecord& record, const NodeRecord& node) {
  NodeStatus status;
  status.name = node.name;
  status.address = node.address;
  status.suite = node.suite;
  status.arch = node.arch;
  status.running = !machines_below(store.node_folder(record.name, node.name)).empty();
  status.cut = !link_is_up(node.name);
  status.rate_bits = node.rate_bits;
  return status;
}

}  // namespace

void up(const UpOptions& options, Reporter& reporter, CancelToken& cancel) {
  check_lab_name(options.name);
  check_groups(options);
  require_root();
  require_tools(archs_of(options.groups));
  const Store store;
  Started lab = begin_up(store, options);
  try {
    prepare_host(store, archs_of(options.groups));
    make_nodes(store, lab, reporter, cancel);
    write_inventory(lab.record);
  } catch (const Error& error) {
    // What failed stays to be looked at.
    const std::string way_out =
        fmt::format("`clustermpi lab down {}` clears the unfinished lab away", options.name);
    throw Error(error.code(), error.what(),
                error.hint().empty() ? way_out : error.hint() + "; " + way_out);
  }
  lab.record.complete = true;
  store.save(lab.record);
}

std::vector<LabStatus> list() {
  const Store store;
  std::vector<LabStatus> labs;
  for (const std::string& name : store.names()) {
    const auto record = store.load(name);
    if (!record) continue;  // it went down just now
    LabStatus status;
    status.name = name;
    status.subnet = record->network.empty() ? "" : record->subnet();
    status.inventory = record->inventory;
    // A restart of this machine takes all but the disks away.
    status.complete = record->complete && bridge_exists(name);
    for (const NodeRecord& node : record->nodes)
      status.nodes.push_back(status_of(store, *record, node));
    labs.push_back(std::move(status));
  }
  return labs;
}

void down(const std::string& name, Reporter& reporter) {
  require_root();
  const Store store;
  {
    (void)load_or_throw(store, name);
    const FolderLock lock = lock_lab(store, name);
    const LabRecord record = load_or_throw(store, name);
    tell(reporter, Event::Kind::progress, fmt::format("ending the lab \"{}\"", name));
    take_down(store, record);
  }
  leave_host(store);
}

void down_all(Reporter& reporter) {
  require_root();
  for (const std::string& name : Store().names()) down(name, reporter);
}

void cut(const std::string& host) {
  set_link(locate(host).node().name, false);
}
void mend(const std::string& host) {
  set_link(locate(host).node().name, true);
}

void stop(const std::string& host) {
  Located at = locate(host);
  power_off(at.node(), at.paths());
}

void start(const std::string& host, Reporter& reporter, CancelToken& cancel) {
  Located at = locate(host);
  const NodePaths paths = at.paths();
  if (!machines_below(paths.root).empty()) {
    throw Error(ExitCode::local_failure, fmt::format("{} is running already", host));
  }
  if (!link_is_up(host)) {
    throw Error(ExitCode::local_failure,
                fmt::format("the link of {} is cut: nobody could see it start", host),
                fmt::format("clustermpi lab mend {}, then start it", host));
  }
  if (!is_mount_point(paths.root)) {
    throw Error(
        ExitCode::local_failure,
        fmt::format("the disk of {} is gone: this machine was restarted since `lab up`", host),
        fmt::format("make the lab anew: clustermpi lab down {}, then clustermpi lab up",
                    at.record.name));
  }
  const std::vector<BootingNode> booting{{at.node(), paths, boot(at.node(), paths)}};
  wait_for_ssh(booting, boot_limit({at.node()}), reporter, cancel);
}

void limit(const std::string& host, std::uint64_t bits_per_second) {
  Located at = locate(host);
  limit_rate(host, bits_per_second, at.node().rate_bits != 0);
  at.node().rate_bits = bits_per_second;
  at.store.save(at.record);
}

}  // namespace clustermpi::lab
