#include "hosts/inventory.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <memory>
#include <stdexcept>
#include <unordered_map>

#include "hosts/groups.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/hostlist_sources.hpp"
#include "hosts/ipv4.hpp"
#include "hosts/jump.hpp"
#include "hosts/names.hpp"
#include "hosts/toml_section.hpp"

namespace clustermpi {
namespace {

constexpr unsigned most_slots = 4096;  // more is a typing error, not a node

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

/// Who has a name or an address.
struct Owner {
  std::size_t host = 0;  // its place in Inventory::hosts
  Place place;           // where that was written
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : findings_(text, file) {}

  ParsedInventory read(const toml::table& root) {
    refuse_unknown_tables(root);
    read_cluster(root);
    read_ssh(root);
    read_mpi(root);
    read_python(root);
    read_storage(root);
    read_hosts(root);
    check_manager();
    read_slurm(root);
    read_placement(root);
    return {std::move(inventory_), std::move(findings_).in_file_order()};
  }

  ParsedInventory not_toml(const toml::parse_error& error) {
    const Place place = place_of(error.source().begin);
    const auto [message, hint] = plain_words(error.description(), findings_.line(place), place);
    findings_.add(place, message, hint);
    return {{}, std::move(findings_).in_file_order()};
  }

 private:
  void refuse_unknown_tables(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      if (std::find(table_names.begin(), table_names.end(), name) != table_names.end()) continue;
      std::string hint = did_you_mean(name, table_names);
      if (node.is_table() || node.is_array_of_tables()) {
        if (hint.empty()) hint = one_of(table_names);
        findings_.add(place_of(key), fmt::format("unknown table '{}'", name), hint);
      } else {
        findings_.add(place_of(key), fmt::format("'{}' stands outside of any table", name),
                      "put it below the table it belongs to, such as [cluster]");
      }
    }
  }

  /// The section of that name, or nothing where it is left out or no table.
  std::optional<Section> section(const toml::table& root, const std::string& name) {
    const toml::node* node = root.get(name);
    if (node == nullptr) return {};
    const std::string title = fmt::format("[{}]", name);
    if (const toml::table* table = node->as_table()) return Section(*table, title, findings_);
    findings_.add(place_of(*node),
                  fmt::format("'{}' must be one table, not {}", name, kind_of(*node)),
                  fmt::format("write {} on a line of its own", title));
    return {};
  }

  /// Takes a text that has to pass `fault`.
  template <typename Fault>
  std::optional<Text> checked_text(Section& section, std::string_view key, Fault fault) {
    auto found = section.text(key);
    if (!found) return {};
    const std::string reason = fault(found->value);
    if (reason.empty()) return found;
    findings_.add(found->place, fmt::format("{} '{}' {}", key, found->value, reason));
    return {};
  }

  /// Takes one of some words and gives its index.
  std::optional<std::size_t> choice(Section& section, std::string_view key,
                                    const std::vector<std::string>& words) {
    const auto found = section.text(key);
    if (!found) return {};
    const auto at = std::find(words.begin(), words.end(), found->value);
    if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
    std::string hint = did_you_mean(found->value, words);
    if (hint.empty()) hint = one_of(words);
    findings_.add(found->place, fmt::format("unknown {} '{}'", key, found->value), hint);
    return {};
  }

  std::optional<std::uint16_t> port(Section& section) {
    const auto found = section.number("port", 1, 65535);
    if (!found) return {};
    return static_cast<std::uint16_t>(found->value);
  }

  void read_cluster(const toml::table& root) {
    auto cluster = section(root, "cluster");
    if (!cluster) return;
    if (const auto name = checked_text(*cluster, "name", word_fault)) inventory_.name = name->value;
    manager_ = cluster->text("manager");
    user_given_ = cluster->has("user");
    if (const auto user = checked_text(*cluster, "user", user_name_fault)) user_ = user->value;
    if (const auto computes = cluster->flag("manager_computes")) manager_computes_ = *computes;
    read_network(*cluster);
    cluster->finish();
  }

  void read_network(Section& cluster) {
    const auto network = cluster.text("network");
    if (!network) return;
    const auto parsed = parse_ipv4_network(network->value);
    if (!parsed) {
      findings_.add(network->place, fmt::format("network '{}' is no IPv4 network", network->value),
                    "write it as ADDRESS/BITS, such as 192.168.1.0/24");
    } else if (to_string(*parsed) != network->value) {
      findings_.add(
          network->place,
          fmt::format("network '{}' is the address of a host in a network", network->value),
          fmt::format("did you mean '{}'?", to_string(*parsed)));
    } else {
      inventory_.network = network->value;
    }
  }

  void read_ssh(const toml::table& root) {
    auto ssh = section(root, "ssh");
    if (!ssh) return;
    port_ = port(*ssh);
    const auto file_fault = [](std::string_view file) {
      return file.find_first_of("\"\r\n") == file.npos ? "" : "has a quote or a line break in it";
    };
    if (const auto identity = checked_text(*ssh, "identity", file_fault))
      inventory_.identity = identity->value;
    const auto jump_fault = [](std::string_view jump) -> std::string {
      try {
        return (void)parse_jump(jump), std::string();
      } catch (const std::invalid_argument& fault) {
        return fmt::format("{}; it is USER@HOST:PORT, several with a comma between", fault.what());
      }
    };
    if (const auto jump = checked_text(*ssh, "jump", jump_fault)) inventory_.jump = jump->value;
    if (const auto policy = choice(*ssh, "host_key_policy", {"strict", "accept-new", "ask"}))
      inventory_.host_key_policy = static_cast<HostKeyPolicy>(*policy);
    ssh->finish();
  }

  void read_mpi(const toml::table& root) {
    auto mpi = section(root, "mpi");
    if (!mpi) return;
    if (const auto chosen = choice(*mpi, "implementation", {"openmpi", "mpich"}))
      inventory_.mpi = static_cast<MpiImplementation>(*chosen);
    mpi->finish();
  }

  void read_python(const toml::table& root) {
    auto python = section(root, "python");
    if (!python) return;
    PythonSettings settings;
    if (const auto venv = python->text("venv")) settings.venv = venv->value;
    if (const auto packages = python->texts("packages")) {
      settings.packages.clear();
      for (const Text& package : packages->value) settings.packages.push_back(package.value);
    }
    python->finish();
    inventory_.python = settings;
  }

  void read_storage(const toml::table& root) {
    auto storage = section(root, "storage");
    if (!storage) return;
    StorageSettings settings;
    if (const auto directory = checked_text(*storage, "directory", shared_directory_fault))
      settings.directory = directory->value;
    if (const auto device = checked_text(*storage, "device", device_fault))
      settings.device = device->value;
    if (const auto format = storage->flag("format")) settings.format = format->value;
    if (!storage->has("directory"))
      findings_.add(storage->place(), "[storage] has no 'directory'",
                    "say which directory the hosts share: directory = \"/shared\"");
    storage->finish();
    inventory_.storage = settings;
  }

  void read_hosts(const toml::table& root) {
    const std::string example = "add a block: [[hosts]], and below it names = \"red,red0[1-3]\"";
    const toml::node* node = root.get("hosts");
    if (node == nullptr) return findings_.add({}, "there are no hosts", example);
    const toml::array* blocks = node->as_array();
    if (blocks != nullptr && blocks->empty())
      return findings_.add(place_of(*node), "there are no hosts", example);
    if (blocks == nullptr || !blocks->is_array_of_tables())
      return findings_.add(place_of(*node),
                           fmt::format("'hosts' must be a list of tables, not {}", kind_of(*node)),
                           "write [[hosts]], with two brackets");
    for (const toml::node& block : *blocks) read_host_block(*block.as_table());
  }

  void read_host_block(const toml::table& table) {
    Section block(table, "[[hosts]]", findings_);
    const auto names = block.text("names");
    const auto addresses = block.text("address");
    Host common;
    common.user = user_;
    common.port = port(block);
    if (!common.port) common.port = port_;
    const bool has_user = block.has("user") || user_given_;
    if (const auto user = checked_text(block, "user", user_name_fault)) common.user = user->value;
    if (const auto slots = block.number("slots", 1, most_slots))
      common.slots = static_cast<unsigned>(slots->value);
    common.labels = read_labels(block);
    block.finish();
    if (!block.has("names"))
      findings_.add(block.place(), "these hosts have no 'names'",
                    "say what they are called: names = \"red,red0[1-3]\"");
    if (!has_user && !user_missing_reported_) {
      findings_.add(block.place(), "nothing says who logs in to these hosts",
                    "add user = \"...\" below [cluster]");
      user_missing_reported_ = true;
    }
    if (names) add_hosts(*names, addresses, common);
    if (!names) hosts_lost_ = true;
  }

  std::vector<std::string> read_labels(Section& block) {
    std::vector<std::string> labels;
    const auto found = block.texts("labels");
    if (!found) return labels;
    for (const Text& label : found->value) {
      std::string fault = word_fault(label.value);
      if (fault.empty() && label.value.find('-') != std::string::npos)
        fault = "has a hyphen, which Ansible's group names cannot have: use an underscore";
      if (fault.empty())
        labels.push_back(label.value);
      else
        findings_.add(label.place, fmt::format("label '{}' {}", label.value, fault));
    }
    return labels;
  }

  /// Names of a hostlist expression; nothing where it is faulty, which is then reported.
  std::optional<std::vector<std::string>> expand(const Text& expression, HostlistSources sources) {
    sources.no_files = "a file cannot be named here: the inventory says all of it itself";
    try {
      return Hostlist::parse(expression.value, sources).names();
    } catch (const HostlistError& error) {
      findings_.add(inside(expression.place, error.position()), error.what(), error.hint());
      return {};
    }
  }

  /// Names of hosts that are only being made known.
  std::optional<std::vector<std::string>> expand_new(const Text& expression) {
    HostlistSources sources;
    sources.no_groups = "a group cannot be named here: groups are made of the hosts listed here";
    return expand(expression, std::move(sources));
  }

  /// Names of hosts that were read before. Nothing, too, where a group is named and not all of them
  /// could be read.
  std::optional<std::vector<std::string>> expand_known(const Text& expression) {
    if (hosts_lost_ && expression.value.find('@') != std::string::npos) return {};
    return expand(expression, known_groups());
  }

  /// Roles and labels of the hosts that were read before; made when one is first named.
  [[nodiscard]] HostlistSources known_groups() const {
    HostlistSources sources;
    sources.groups = [this, groups = std::make_shared<HostGroups>()]() -> const HostGroups& {
      if (groups->empty()) *groups = host_groups(inventory_, {});
      return *groups;
    };
    sources.no_facts =
        "what a host is made of is not known where the inventory is read: give those hosts a label";
    return sources;
  }

  /// The place of a character of the string that begins at `start`. Where escapes or several lines
  /// stand between, the string as a whole.
  [[nodiscard]] Place inside(Place start, std::size_t offset) const {
    const std::string_view line = findings_.line(start);
    const std::size_t quote = start.column - 1;
    const bool plain = line.find("\"\"\"") == line.npos && line.find("'''") == line.npos &&
                       line.substr(0, quote + offset).find('\\') == line.npos;
    return plain ? Place{start.line, start.column + 1 + static_cast<unsigned>(offset)} : start;
  }

  void add_hosts(const Text& names, const std::optional<Text>& addresses, const Host& common) {
    const auto expanded = expand_new(names);
    const auto paired = addresses ? expand_new(*addresses) : expanded;
    if (!expanded || !paired) {
      hosts_lost_ = true;
      return;
    }
    if (expanded->size() != paired->size())
      findings_.add(addresses->place,
                    fmt::format("{} for {}", count("address", "addresses", *paired),
                                count("host name", "host names", *expanded)),
                    fmt::format("the names are {}", fold_hostlist(*expanded)));
    for (std::size_t i = 0; i < expanded->size(); ++i) {
      Host host = common;
      host.name = (*expanded)[i];
      host.address = i < paired->size() ? (*paired)[i] : host.name;
      check_name(host.name, names.place);
      if (i < paired->size())
        check_address(host, addresses ? addresses->place : names.place, !!addresses);
      inventory_.hosts.push_back(std::move(host));
    }
  }

  static std::string count(std::string_view one, std::string_view many,
                           const std::vector<std::string>& things) {
    return fmt::format("{} {}", things.size(), things.size() == 1 ? one : many);
  }

  // The host that is being read comes next in the inventory; an owner may be itself.
  [[nodiscard]] const std::string& name_of(const Owner& owner) const {
    return inventory_.hosts[owner.host].name;
  }

  void check_name(const std::string& name, Place place) {
    if (const std::string fault = host_name_fault(name); !fault.empty())
      findings_.add(place, fmt::format("host name '{}' {}", name, fault));
    const auto [first, is_new] =
        names_.try_emplace(lower_case(short_name(name)), Owner{inventory_.hosts.size(), place});
    if (is_new) return;
    const std::string& other = name_of(first->second);
    const std::string hint = fmt::format("the first is on line {}", first->second.place.line);
    if (lower_case(name) == lower_case(other)) {
      findings_.add(place, fmt::format("two hosts are called '{}'", name), hint);
    } else {
      findings_.add(
          place,
          fmt::format("'{}' and '{}' are one host to Open MPI, which cuts names at the first dot",
                      other, name),
          hint);
    }
  }

  void check_address(const Host& host, Place place, bool given) {
    if (given) {
      if (const std::string fault = address_fault(host.address); !fault.empty())
        findings_.add(place, fmt::format("address '{}' {}", host.address, fault));
    }
    const std::uint16_t port = host.port.value_or(22);
    auto& owners = addresses_[port];
    const auto [first, is_new] =
        owners.try_emplace(lower_case(host.address), Owner{inventory_.hosts.size(), place});
    if (is_new) return;
    const std::string& other = name_of(first->second);
    if (lower_case(other) != lower_case(host.name))
      findings_.add(place,
                    fmt::format("{} and {} have one address: {} port {}", other, host.name,
                                first->first, port),
                    fmt::format("the first is on line {}", first->second.place.line));
  }

  /// After the hosts, which the partitions name.
  void read_slurm(const toml::table& root) {
    auto slurm = section(root, "slurm");
    if (!slurm) return;
    SlurmSettings settings;
    if (const auto partition = checked_text(*slurm, "partition", partition_name_fault)) {
      settings.partition = partition->value;
      partitions_.emplace(partition->value, *partition);
    } else {
      partitions_.emplace(settings.partition, Text{settings.partition, {}});
    }
    if (const auto accounting = slurm->flag("accounting")) settings.accounting = accounting->value;
    if (const auto limits = slurm->flag("memory_limits")) settings.memory_limits = limits->value;
    for (Section& block : slurm->sections("partitions", "[[slurm.partitions]]"))
      settings.partitions.push_back(read_partition(block));
    slurm->finish();
    inventory_.slurm = settings;
  }

  SlurmPartition read_partition(Section& block) {
    SlurmPartition partition;
    if (const auto name = checked_text(block, "name", partition_name_fault)) {
      partition.name = name->value;
      check_partition_name(*name);
    }
    if (const auto hosts = block.text("hosts")) {
      if (auto names = expand_known(*hosts)) {
        partition.hosts = *std::move(names);
        check_partition_hosts(partition, hosts->place);
      }
    }
    if (const auto max_time = checked_text(block, "max_time", time_limit_fault))
      if (lower_case(max_time->value) != "unlimited") partition.max_time = max_time->value;
    if (const auto is_default = block.flag("default"); is_default && is_default->value) {
      partition.is_default = true;
      check_default(is_default->place);
    }
    block.finish();
    if (!block.has("name"))
      findings_.add(block.place(), "this partition has no 'name'",
                    "say what it is called: name = \"long\"");
    if (!block.has("hosts"))
      findings_.add(block.place(), "this partition has no 'hosts'",
                    "say which hosts are in it: hosts = \"red0[1-3]\"");
    return partition;
  }

  void check_partition_name(const Text& name) {
    const auto [first, is_new] = partitions_.try_emplace(name.value, name);
    if (is_new) return;
    const unsigned line = first->second.place.line;
    findings_.add(name.place, fmt::format("two partitions are called '{}'", name.value),
                  line > 0 ? fmt::format("the first is on line {}", line)
                           : "the partition of all hosts is called so: give that one another name "
                             "with partition = \"all\" below [slurm]");
  }

  void check_partition_hosts(const SlurmPartition& partition, Place place) {
    if (hosts_lost_) return;  // they may well be those
    const Hostlist unknown = Hostlist(partition.hosts) - Hostlist(names_of_hosts());
    if (!unknown.empty())
      findings_.add(place,
                    fmt::format("partition '{}' names {}, which {} not in the inventory",
                                partition.name, unknown.fold(), unknown.size() == 1 ? "is" : "are"),
                    nearest_host(unknown.names().front()));
    const auto& hosts = partition.hosts;
    if (!inventory_.manager_computes &&
        std::find(hosts.begin(), hosts.end(), inventory_.manager) != hosts.end())
      findings_.add(place,
                    fmt::format("partition '{}' names the manager {}, where no jobs run",
                                partition.name, inventory_.manager),
                    "take it out, or take `manager_computes = false` away below [cluster]");
  }

  /// After the hosts, which it names.
  void read_placement(const toml::table& root) {
    auto placement = section(root, "placement");
    if (!placement) return;
    PlacementRequest request;
    if (const auto threads = placement->number("threads", 1, most_slots))
      request.threads = static_cast<unsigned>(threads->value);
    if (const auto per_node = placement->number("per_node", 1, most_slots))
      request.per_node = static_cast<unsigned>(per_node->value);
    if (const auto without = placement->flag("exclude_manager"))
      request.exclude_manager = without->value;
    request.only_labels = read_known_labels(*placement);
    request.weights = read_weights(*placement);
    request.ranks = read_ranks(*placement);
    read_policy(*placement, request);
    placement->finish();
    inventory_.placement = std::move(request);
  }

  /// Weights and lists are each of one policy's, which then need not be said.
  void read_policy(Section& placement, PlacementRequest& request) {
    std::vector<std::string> words;
    for (const PolicyName& each : policy_names) words.emplace_back(each.name);
    if (const auto policy = choice(placement, "policy", words)) {
      request.policy = policy_names.at(*policy).policy;
    } else if (!placement.has("policy")) {
      if (!request.weights.empty()) request.policy = Policy::weighted;
      if (!request.ranks.empty()) request.policy = Policy::explicit_list;
    }
    if (request.policy == Policy::explicit_list && !placement.has("ranks"))
      findings_.add(placement.place(), "the policy explicit has no list",
                    "say where each rank runs: ranks = [\"red:0\", \"red0[1-3]:0-1\"]");
  }

  [[nodiscard]] bool is_label(std::string_view word) const {
    return std::any_of(inventory_.hosts.begin(), inventory_.hosts.end(), [&](const Host& host) {
      return std::find(host.labels.begin(), host.labels.end(), word) != host.labels.end();
    });
  }

  [[nodiscard]] std::vector<std::string> all_labels() const {
    std::vector<std::string> labels;
    for (const Host& host : inventory_.hosts)
      labels.insert(labels.end(), host.labels.begin(), host.labels.end());
    return labels;
  }

  std::vector<std::string> read_known_labels(Section& placement) {
    std::vector<std::string> labels;
    const auto found = placement.texts("only_labels");
    if (!found) return labels;
    for (const Text& label : found->value) {
      labels.push_back(label.value);
      if (!hosts_lost_ && !is_label(label.value))
        findings_.add(label.place, fmt::format("no host has the label '{}'", label.value),
                      did_you_mean(label.value, all_labels()));
    }
    return labels;
  }

  std::map<std::string, double, std::less<>> read_weights(Section& placement) {
    std::map<std::string, double, std::less<>> weights;
    for (const auto& [name, weight] : placement.numbers("weights")) {
      weights.emplace(name.value, weight);
      if (hosts_lost_ || is_label(name.value) || inventory_.find(name.value) != nullptr) continue;
      std::vector<std::string> known = all_labels();
      for (const Host& host : inventory_.hosts) known.push_back(host.name);
      findings_.add(name.place, fmt::format("'{}' is neither a host nor a label", name.value),
                    did_you_mean(name.value, known));
    }
    return weights;
  }

  std::vector<RankWish> read_ranks(Section& placement) {
    std::vector<RankWish> ranks;
    const auto found = placement.texts("ranks");
    if (!found) return ranks;
    for (const Text& text : found->value) {
      try {
        std::vector<RankWish> wishes = parse_rank_wishes(text.value, known_groups());
        check_wishes(wishes, text.place);
        std::move(wishes.begin(), wishes.end(), std::back_inserter(ranks));
      } catch (const HostlistError& error) {
        findings_.add(inside(text.place, error.position()), error.what(), error.hint());
      }
    }
    return ranks;
  }

  void check_wishes(const std::vector<RankWish>& wishes, Place place) {
    if (hosts_lost_) return;
    std::vector<std::string> unknown;
    for (const RankWish& wish : wishes) {
      const auto at = names_.find(lower_case(short_name(wish.host)));
      if (at == names_.end() || name_of(at->second) != wish.host) unknown.push_back(wish.host);
    }
    if (!unknown.empty())
      findings_.add(
          place,
          fmt::format("{} {}", fold_hostlist(unknown),
                      unknown.size() == 1 ? "is not one of the hosts" : "are not among the hosts"),
          nearest_host(unknown.front()));
  }

  void check_default(Place place) {
    if (default_partition_.line > 0)
      findings_.add(place, "two partitions are the default one",
                    fmt::format("the first is on line {}", default_partition_.line));
    default_partition_ = place;
  }

  [[nodiscard]] std::vector<std::string> names_of_hosts() const {
    std::vector<std::string> names;
    for (const Host& host : inventory_.hosts) names.push_back(host.name);
    return names;
  }

  /// The hint for who wrote a host that is not there.
  [[nodiscard]] std::string nearest_host(std::string_view name) const {
    const std::vector<std::string> names = names_of_hosts();
    std::string hint = did_you_mean(name, names);
    return hint.empty() ? fmt::format("the hosts are {}", fold_hostlist(names)) : hint;
  }

  void check_manager() {
    if (inventory_.hosts.empty()) return;
    inventory_.manager = manager_ ? manager_->value : inventory_.hosts.front().name;
    // While some hosts could not be read, the manager may well be one of them.
    if (hosts_lost_) return;
    if (inventory_.find(inventory_.manager) != nullptr) return check_manager_computes();
    findings_.add(manager_->place,
                  fmt::format("manager '{}' is not one of the hosts", manager_->value),
                  nearest_host(manager_->value));
  }

  void check_manager_computes() {
    if (!manager_computes_) return;
    inventory_.manager_computes = manager_computes_->value;
    if (inventory_.manager_computes || inventory_.hosts.size() > 1) return;
    findings_.add(manager_computes_->place,
                  fmt::format("{} is the only host: nobody else could compute", inventory_.manager),
                  "take `manager_computes` away");
  }

  Findings findings_;
  Inventory inventory_;
  std::optional<Located<bool>> manager_computes_;
  std::optional<Text> manager_;
  std::string user_;
  bool user_given_ = false;  // even where it is faulty: one mistake, one message
  bool user_missing_reported_ = false;
  bool hosts_lost_ = false;  // a [[hosts]] block could not be read
  std::optional<std::uint16_t> port_;
  std::unordered_map<std::string, Owner> names_;  // lower-case short name -> the first host of it
  std::map<std::string, Text> partitions_;        // name -> the first of it
  Place default_partition_;
  // port -> lower-case address -> the first host that has both
  std::map<std::uint16_t, std::unordered_map<std::string, Owner>> addresses_;
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
