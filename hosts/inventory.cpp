#include "hosts/inventory.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cassert>
#include <stdexcept>

#include "hosts/hints.hpp"
#include "hosts/inventory_draft.hpp"
#include "hosts/ipv4.hpp"
#include "hosts/jump.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

/// What toml++ says, as message and hint for somebody who has not read the TOML specification.
std::pair<std::string, std::string> plain_words(std::string_view reason, std::string_view line,
                                                Place place) {
  // "Error while parsing string: ..." - the caret shows what was being parsed.
  if (const auto colon = reason.find(": ");
      reason.starts_with("Error while") && colon != reason.npos)
    reason.remove_prefix(colon + 2);
  if (reason.starts_with("could not determine value type"))
    return {"this value is not TOML", "text stands in quotes: \"red\""};
  if (reason.starts_with("unescaped control characters") && place.column > line.size())
    return {"the string is not closed on its line", "add the missing quote"};
  if (const auto quote = reason.find('\'');
      reason.starts_with("cannot redefine") && quote != reason.npos)
    return {fmt::format("{} is there twice", reason.substr(quote)), "keep one of the two"};
  return {fmt::format("this is not TOML: {}", reason), {}};
}

const std::vector<std::string> table_names = {"cluster", "hosts",  "ssh",     "mpi",
                                              "slurm",   "python", "storage", "placement"};

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : draft_(text, file) {}

  ParsedInventory read(const toml::table& root) {
    refuse_unknown_tables(root);
    read_cluster(root);
    read_ssh(root);
    read_mpi(root);
    read_python(root);
    read_storage(root);
    check_venv();
    read_hosts(draft_, root, defaults_);
    check_manager();
    read_slurm(draft_, root);
    read_placement(draft_, root);
    return {std::move(draft_.inventory), std::move(draft_.findings).in_file_order()};
  }

  ParsedInventory not_toml(const toml::parse_error& error) {
    const Place place = place_of(error.source().begin);
    const auto [message, hint] =
        plain_words(error.description(), draft_.findings.line(place), place);
    draft_.findings.add(place, message, hint);
    return {{}, std::move(draft_.findings).in_file_order()};
  }

 private:
  void refuse_unknown_tables(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      if (std::find(table_names.begin(), table_names.end(), name) != table_names.end()) continue;
      std::string hint = did_you_mean(name, table_names);
      if (node.is_table() || node.is_array_of_tables()) {
        if (hint.empty()) hint = one_of(table_names);
        draft_.findings.add(place_of(key), fmt::format("unknown table '{}'", name), hint);
      } else {
        draft_.findings.add(place_of(key), fmt::format("'{}' stands outside of any table", name),
                            "put it below the table it belongs to, such as [cluster]");
      }
    }
  }

  void read_cluster(const toml::table& root) {
    auto cluster = draft_.section(root, "cluster");
    if (!cluster) return;
    if (const auto name = draft_.checked_text(*cluster, "name", word_fault))
      draft_.inventory.name = name->value;
    manager_ = cluster->text("manager");
    defaults_.user_given = cluster->has("user");
    if (const auto user = draft_.checked_text(*cluster, "user", user_name_fault))
      defaults_.user = user->value;
    if (const auto computes = cluster->flag("manager_computes")) manager_computes_ = *computes;
    read_network(*cluster);
    cluster->finish();
  }

  void read_network(Section& cluster) {
    const auto network = cluster.text("network");
    if (!network) return;
    const auto parsed = parse_ipv4_network(network->value);
    if (!parsed) {
      draft_.findings.add(network->place,
                          fmt::format("network '{}' is no IPv4 network", network->value),
                          "write it as ADDRESS/BITS, such as 192.168.1.0/24");
    } else if (to_string(*parsed) != network->value) {
      draft_.findings.add(
          network->place,
          fmt::format("network '{}' is the address of a host in a network", network->value),
          fmt::format("did you mean '{}'?", to_string(*parsed)));
    } else {
      draft_.inventory.network = network->value;
    }
  }

  void read_ssh(const toml::table& root) {
    auto ssh = draft_.section(root, "ssh");
    if (!ssh) return;
    defaults_.port = read_port(*ssh);
    const auto file_fault = [](std::string_view file) {
      return file.find_first_of("\"\r\n") == file.npos ? "" : "has a quote or a line break in it";
    };
    if (const auto identity = draft_.checked_text(*ssh, "identity", file_fault))
      draft_.inventory.identity = identity->value;
    const auto jump_fault = [](std::string_view jump) -> std::string {
      try {
        return (void)parse_jump(jump), std::string();
      } catch (const std::invalid_argument& fault) {
        return fmt::format("{}; it is USER@HOST:PORT, several with a comma between", fault.what());
      }
    };
    if (const auto jump = draft_.checked_text(*ssh, "jump", jump_fault))
      draft_.inventory.jump = jump->value;
    if (const auto policy = draft_.choice(*ssh, "host_key_policy", {"strict", "accept-new", "ask"}))
      draft_.inventory.host_key_policy = static_cast<HostKeyPolicy>(*policy);
    ssh->finish();
  }

  void read_mpi(const toml::table& root) {
    auto mpi = draft_.section(root, "mpi");
    if (!mpi) return;
    if (const auto chosen = draft_.choice(*mpi, "implementation", {"openmpi", "mpich"}))
      draft_.inventory.mpi = static_cast<MpiImplementation>(*chosen);
    mpi->finish();
  }

  void read_python(const toml::table& root) {
    auto python = draft_.section(root, "python");
    if (!python) return;
    PythonSettings settings;
    if (const auto venv = draft_.checked_text(*python, "venv", venv_fault)) {
      settings.venv = venv->value;
      venv_place_ = venv->place;
    }
    if (const auto packages = python->texts("packages")) {
      settings.packages.clear();
      for (const Text& package : packages->value) {
        const std::string reason = python_package_fault(package.value);
        if (!package.value.empty() && !reason.empty())
          draft_.findings.add(package.place, fmt::format("package '{}' {}", package.value, reason));
        settings.packages.push_back(package.value);
      }
    }
    python->finish();
    draft_.inventory.python = settings;
  }

  /// Hosts that fill one environment at the same time, with files for processors that may differ,
  /// would break it.
  void check_venv() {
    if (!draft_.inventory.python || !draft_.inventory.storage) return;
    const std::string& venv = draft_.inventory.python->venv;
    const std::string& shared = draft_.inventory.storage->directory;
    if (shared.empty() || !(venv + "/").starts_with(shared + "/")) return;
    draft_.findings.add(venv_place_,
                        fmt::format("venv '{}' is in {}, which all hosts share", venv, shared),
                        "each host makes an environment of its own: venv = \"~/ENV3\"");
  }

  void read_storage(const toml::table& root) {
    auto storage = draft_.section(root, "storage");
    if (!storage) return;
    StorageSettings settings;
    if (const auto directory = draft_.checked_text(*storage, "directory", shared_directory_fault))
      settings.directory = directory->value;
    if (const auto device = draft_.checked_text(*storage, "device", device_fault))
      settings.device = device->value;
    if (const auto format = storage->flag("format")) settings.format = format->value;
    if (!storage->has("directory"))
      draft_.findings.add(storage->place(), "[storage] has no 'directory'",
                          "say which directory the hosts share: directory = \"/shared\"");
    storage->finish();
    draft_.inventory.storage = settings;
  }

  void check_manager() {
    if (draft_.inventory.hosts.empty()) return;
    draft_.inventory.manager = manager_ ? manager_->value : draft_.inventory.hosts.front().name;
    // While some hosts could not be read, the manager may well be one of them.
    if (draft_.hosts_lost) return;
    if (draft_.inventory.find(draft_.inventory.manager) != nullptr) return check_manager_computes();
    draft_.findings.add(manager_->place,
                        fmt::format("manager '{}' is not one of the hosts", manager_->value),
                        draft_.nearest_host(manager_->value));
  }

  void check_manager_computes() {
    if (!manager_computes_) return;
    draft_.inventory.manager_computes = manager_computes_->value;
    if (draft_.inventory.manager_computes || draft_.inventory.hosts.size() > 1) return;
    draft_.findings.add(
        manager_computes_->place,
        fmt::format("{} is the only host: nobody else could compute", draft_.inventory.manager),
        "take `manager_computes` away");
  }

  InventoryDraft draft_;
  std::optional<Located<bool>> manager_computes_;
  std::optional<Text> manager_;
  HostDefaults defaults_;
  Place venv_place_;
};

}  // namespace

const Host* Inventory::find(std::string_view host_name) const {
  const auto at = std::find_if(hosts.begin(), hosts.end(),
                               [&](const Host& host) { return host.name == host_name; });
  return at == hosts.end() ? nullptr : &*at;
}

const Host& Inventory::manager_host() const {
  const Host* host = find(manager);
  assert(host != nullptr);
  return *host;
}

ParsedInventory parse_inventory(std::string_view text, const std::string& file) {
  Reader reader(text, file);
  try {
    return reader.read(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return reader.not_toml(error);
  }
}

}  // namespace clustermpi
