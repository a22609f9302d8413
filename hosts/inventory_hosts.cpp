// [[hosts]]: who the hosts are, and that no two are one.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "hosts/hostlist.hpp"
#include "hosts/inventory_draft.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

/// Who has a name or an address.
struct Owner {
  std::size_t host = 0;  // its place in Inventory::hosts
  Place place;           // where that was written
};

class HostsReader {
 public:
  HostsReader(InventoryDraft& draft, const HostDefaults& defaults)
      : draft_(draft), defaults_(defaults) {}

  void read(const toml::table& root) {
    const std::string example = "add a block: [[hosts]], and below it names = \"red,red0[1-3]\"";
    const toml::node* node = root.get("hosts");
    if (node == nullptr) return draft_.findings.add({}, "there are no hosts", example);
    const toml::array* blocks = node->as_array();
    if (blocks != nullptr && blocks->empty())
      return draft_.findings.add(place_of(*node), "there are no hosts", example);
    if (blocks == nullptr || !blocks->is_array_of_tables())
      return draft_.findings.add(
          place_of(*node), fmt::format("'hosts' must be a list of tables, not {}", kind_of(*node)),
          "write [[hosts]], with two brackets");
    for (const toml::node& block : *blocks) read_host_block(*block.as_table());
  }

 private:
  void read_host_block(const toml::table& table) {
    Section block(table, "[[hosts]]", draft_.findings);
    const auto names = block.text("names");
    const auto addresses = block.text("address");
    Host common;
    common.user = defaults_.user;
    common.port = read_port(block);
    if (!common.port) common.port = defaults_.port;
    const bool has_user = block.has("user") || defaults_.user_given;
    if (const auto user = draft_.checked_text(block, "user", user_name_fault))
      common.user = user->value;
    if (const auto slots = block.number("slots", 1, most_slots))
      common.slots = static_cast<unsigned>(slots->value);
    common.labels = read_labels(block);
    block.finish();
    if (!block.has("names"))
      draft_.findings.add(block.place(), "these hosts have no 'names'",
                          "say what they are called: names = \"red,red0[1-3]\"");
    if (!has_user && !user_missing_reported_) {
      draft_.findings.add(block.place(), "nothing says who logs in to these hosts",
                          "add user = \"...\" below [cluster]");
      user_missing_reported_ = true;
    }
    if (names) add_hosts(*names, addresses, common);
    if (!names) draft_.hosts_lost = true;
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
        draft_.findings.add(label.place, fmt::format("label '{}' {}", label.value, fault));
    }
    return labels;
  }

  void add_hosts(const Text& names, const std::optional<Text>& addresses, const Host& common) {
    const auto expanded = draft_.expand_new(names);
    const auto paired = addresses ? draft_.expand_new(*addresses) : expanded;
    if (!expanded || !paired) {
      draft_.hosts_lost = true;
      return;
    }
    if (expanded->size() != paired->size())
      draft_.findings.add(addresses->place,
                          fmt::format("{} for {}", count("address", "addresses", *paired),
                                      count("host name", "host names", *expanded)),
                          fmt::format("the names are {}", fold_hostlist(*expanded)));
    make_room_for(expanded->size(), common.port.value_or(22));
    for (std::size_t i = 0; i < expanded->size(); ++i) {
      Host host = common;
      host.name = (*expanded)[i];
      host.address = i < paired->size() ? (*paired)[i] : host.name;
      check_name(host.name, names.place);
      if (i < paired->size())
        check_address(host, addresses ? addresses->place : names.place, !!addresses);
      draft_.inventory.hosts.push_back(std::move(host));
    }
  }

  /// To grow by and by is most of the time that a long list takes. A list of one is left to it:
  /// many of those would have everything moved each time.
  void make_room_for(std::size_t hosts, std::uint16_t port) {
    if (hosts == 1) return;
    draft_.inventory.hosts.reserve(draft_.inventory.hosts.size() + hosts);
    names_.reserve(names_.size() + hosts);
    addresses_[port].reserve(addresses_[port].size() + hosts);
  }

  static std::string count(std::string_view one, std::string_view many,
                           const std::vector<std::string>& things) {
    return fmt::format("{} {}", things.size(), things.size() == 1 ? one : many);
  }

  // The host that is being read comes next in the inventory; an owner may be itself.
  [[nodiscard]] const std::string& name_of(const Owner& owner) const {
    return draft_.inventory.hosts[owner.host].name;
  }

  void check_name(const std::string& name, Place place) {
    if (const std::string fault = host_name_fault(name); !fault.empty())
      draft_.findings.add(place, fmt::format("host name '{}' {}", name, fault));
    const auto [first, is_new] = names_.try_emplace(lower_case(short_name(name)),
                                                    Owner{draft_.inventory.hosts.size(), place});
    if (is_new) return;
    const std::string& other = name_of(first->second);
    const std::string hint = fmt::format("the first is on line {}", first->second.place.line);
    if (lower_case(name) == lower_case(other)) {
      draft_.findings.add(place, fmt::format("two hosts are called '{}'", name), hint);
    } else {
      draft_.findings.add(
          place,
          fmt::format("'{}' and '{}' are one host to Open MPI, which cuts names at the first dot",
                      other, name),
          hint);
    }
  }

  void check_address(const Host& host, Place place, bool given) {
    if (given) {
      if (const std::string fault = address_fault(host.address); !fault.empty())
        draft_.findings.add(place, fmt::format("address '{}' {}", host.address, fault));
    }
    const std::uint16_t port = host.port.value_or(22);
    auto& owners = addresses_[port];
    const auto [first, is_new] =
        owners.try_emplace(lower_case(host.address), Owner{draft_.inventory.hosts.size(), place});
    if (is_new) return;
    const std::string& other = name_of(first->second);
    if (lower_case(other) != lower_case(host.name))
      draft_.findings.add(place,
                          fmt::format("{} and {} have one address: {} port {}", other, host.name,
                                      first->first, port),
                          fmt::format("the first is on line {}", first->second.place.line));
  }

  InventoryDraft& draft_;
  const HostDefaults& defaults_;
  bool user_missing_reported_ = false;
  std::unordered_map<std::string, Owner> names_;  // lower-case short name -> the first host of it
  // port -> lower-case address -> the first host that has both
  std::map<std::uint16_t, std::unordered_map<std::string, Owner>> addresses_;
};

}  // namespace

void read_hosts(InventoryDraft& draft, const toml::table& root, const HostDefaults& defaults) {
  HostsReader(draft, defaults).read(root);
}

}  // namespace clustermpi
