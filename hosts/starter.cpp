#include "hosts/starter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "hosts/error.hpp"
#include "hosts/hostlist.hpp"
#include "hosts/inventory.hpp"
#include "hosts/ipv4.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

using Names = std::vector<std::string>;

/// What one argument of `init` says; hosts that share user and port become one [[hosts]] block.
struct Block {
  std::string user;  // empty: the cluster's
  std::string port;  // empty: 22
  Names names;       // empty: only addresses were given
  Names addresses;   // empty: only names were given
};

[[noreturn]] void refuse(std::string_view argument, const std::string& reason) {
  throw Error(ExitCode::usage, fmt::format("'{}': {}", argument, reason),
              "hosts are given as red,red0[1-3] or pi@192.168.0.[10-13]:2222 or "
              "red0[1-3]=192.168.0.[11-13]");
}

Names expand(std::string_view expression, std::string_view argument) {
  try {
    Names names = expand_hostlist(expression);
    if (names.empty()) refuse(argument, "a host is missing");
    return names;
  } catch (const HostlistError& error) {
    const auto offset = static_cast<std::size_t>(expression.data() - argument.data());
    refuse(argument, fmt::format("{} (character {})", error.what(), offset + error.position() + 1));
  }
}

bool is_address(const std::string& name) {
  return parse_ipv4(name).has_value() || name.find(':') != std::string::npos;
}

/// Cuts "USER@" off the front.
std::string take_user(std::string_view& text, std::string_view argument) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return {};
  std::string user(text.substr(0, at));
  if (const std::string fault = user_name_fault(user); !fault.empty())
    refuse(argument, fmt::format("user '{}' {}", user, fault));
  text.remove_prefix(at + 1);
  return user;
}

/// Cuts ":PORT" off the end. More than one colon is an IPv6 address.
std::string take_port(std::string_view& text, std::string_view argument) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
    return {};
  const std::string_view digits = text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port < 1 || port > 65535)
    refuse(argument, fmt::format("'{}' is no port between 1 and 65535", digits));
  text.remove_suffix(digits.size() + 1);
  return port == 22 ? std::string{} : std::to_string(port);
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Where names end and addresses begin: at '=', or at the blank of a "NAME ADDRESS" line.
std::size_t find_separator(std::string_view text) {
  const std::size_t equals = text.find('=');
  return equals != std::string_view::npos ? equals : text.find_first_of(" \t");
}

Block read_argument(std::string_view argument) {
  std::string_view text = trim(argument);
  Block block;
  block.user = take_user(text, argument);
  block.port = take_port(text, argument);
  const std::size_t separator = find_separator(text);
  if (separator == std::string_view::npos) {
    Names hosts = expand(text, argument);
    const auto addresses = std::count_if(hosts.begin(), hosts.end(), is_address);
    if (addresses != 0 && static_cast<std::size_t>(addresses) != hosts.size())
      refuse(argument, "names and addresses are mixed");
    (addresses == 0 ? block.names : block.addresses) = std::move(hosts);
    return block;
  }
  block.names = expand(trim(text.substr(0, separator)), argument);
  block.addresses = expand(trim(text.substr(separator + 1)), argument);
  if (block.names.size() != block.addresses.size())
    refuse(argument,
           fmt::format("{} names, but {} addresses", block.names.size(), block.addresses.size()));
  return block;
}

/// Joins blocks that differ in their hosts only, so that a hundred lines of stdin are one block.
std::vector<Block> merge(std::vector<Block> blocks) {
  std::vector<Block> merged;
  for (Block& block : blocks) {
    const auto alike = std::find_if(merged.begin(), merged.end(), [&](const Block& other) {
      return other.user == block.user && other.port == block.port &&
             other.names.empty() == block.names.empty() &&
             other.addresses.empty() == block.addresses.empty();
    });
    if (alike == merged.end()) {
      merged.push_back(std::move(block));
    } else {
      alike->names.insert(alike->names.end(), block.names.begin(), block.names.end());
      alike->addresses.insert(alike->addresses.end(), block.addresses.begin(),
                              block.addresses.end());
    }
  }
  return merged;
}

void refuse_duplicates(const std::vector<Block>& blocks) {
  std::set<std::string> seen;
  for (const Block& block : blocks)
    for (const std::string& name : block.names)
      if (!seen.insert(name).second)
        throw Error(ExitCode::usage, fmt::format("host '{}' is given twice", name));
}

/// Gives node01, node02, ... to hosts of which only the address is known.
void name_the_nameless(std::vector<Block>& blocks) {
  std::size_t count = 0;
  for (const Block& block : blocks)
    if (block.names.empty()) count += block.addresses.size();
  const std::size_t width = std::max<std::size_t>(2, std::to_string(count).size());
  std::size_t number = 0;
  for (Block& block : blocks) {
    if (!block.names.empty()) continue;
    for (std::size_t i = 0; i < block.addresses.size(); ++i)
      block.names.push_back(fmt::format("node{:0{}}", ++number, width));
  }
}

/// The names as a hostlist expression that keeps their order.
std::string compact(const Names& names) {
  std::string folded = fold_hostlist(names);
  return expand_hostlist(folded) == names ? folded : fmt::format("{}", fmt::join(names, ","));
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string write_block(const Block& block, const std::string& cluster_user) {
  std::string out = "[[hosts]]\n";
  out += fmt::format("names   = {}\n", toml_string(compact(block.names)));
  if (!block.addresses.empty())
    out += fmt::format("address = {}\n", toml_string(compact(block.addresses)));
  if (!block.user.empty() && block.user != cluster_user)
    out += fmt::format("user    = {}\n", toml_string(block.user));
  if (!block.port.empty()) out += fmt::format("port    = {}\n", block.port);
  return out;
}

/// What the hosts have in common: red01 and red02 are the cluster "red".
std::string derive_name(const std::string& host) {
  std::string name(short_name(host));
  while (!name.empty() && (name.back() == '-' || (name.back() >= '0' && name.back() <= '9')))
    name.pop_back();
  return word_fault(name).empty() ? name : "cluster";
}

/// The template with its markers, @KEY@ or @KEY=default@.
class Template {
 public:
  explicit Template(std::string_view text) : text_(text) {}

  /// What the marker says to take where nothing is given.
  [[nodiscard]] std::string default_of(std::string_view key) const {
    const auto [begin, end] = find(key);
    const std::string_view marker = std::string_view(text_).substr(begin, end - begin);
    const std::size_t equals = marker.find('=');
    return equals == std::string_view::npos
               ? std::string{}
               : std::string(marker.substr(equals + 1, marker.size() - equals - 2));
  }

  void fill(std::string_view key, std::string_view value) {
    const auto [begin, end] = find(key);
    text_.replace(begin, end - begin, value);
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  [[nodiscard]] std::pair<std::size_t, std::size_t> find(std::string_view key) const {
    for (const char after : {'@', '='}) {
      const std::size_t begin = text_.find(fmt::format("@{}{}", key, after));
      if (begin == std::string::npos) continue;
      return {begin, text_.find('@', begin + 1) + 1};
    }
    throw Error(ExitCode::local_failure,
                fmt::format("the starter template has no marker @{}@", key),
                "install clustermpi anew");
  }

  std::string text_;
};

std::string first_user(const std::vector<Block>& blocks) {
  const auto named = std::find_if(blocks.begin(), blocks.end(),
                                  [](const Block& block) { return !block.user.empty(); });
  return named == blocks.end() ? std::string{} : named->user;
}

/// One of the values does not fit into an inventory: said as the inventory's reader says it.
void refuse_mistakes(const std::string& text) {
  const ParsedInventory parsed = parse_inventory(text, "cluster.toml");
  if (parsed.diagnostics.empty()) return;
  const Diagnostic& first = parsed.diagnostics.front();
  throw Error(ExitCode::usage, first.message, first.hint);
}

}  // namespace

std::string starter_inventory(const StarterOptions& options, std::string_view starter_template) {
  std::vector<Block> blocks;
  for (const std::string& argument : options.hosts) blocks.push_back(read_argument(argument));
  if (blocks.empty()) blocks.push_back(read_argument("red,red0[1-3]"));
  blocks = merge(std::move(blocks));
  name_the_nameless(blocks);
  refuse_duplicates(blocks);

  Template text(starter_template);
  const auto either = [](const std::string& first, const std::string& second) {
    return first.empty() ? second : first;
  };
  const std::string user =
      either(options.user, either(first_user(blocks), text.default_of("USER")));
  std::string hosts;
  for (const Block& block : blocks) hosts += (hosts.empty() ? "" : "\n") + write_block(block, user);
  hosts.pop_back();  // the template has the newline

  const std::string& first_host = blocks.front().names.front();
  text.fill("HOSTS", hosts);
  text.fill("NAME", either(options.name, derive_name(first_host)));
  text.fill("MANAGER", either(options.manager, first_host));
  text.fill("USER", user);
  text.fill("IDENTITY", options.identity.empty() ? std::string("# identity = \"~/.ssh/id_ed25519\"")
                                                 : "identity = " + toml_string(options.identity));
  std::string inventory = std::move(text).text();
  refuse_mistakes(inventory);
  return inventory;
}

}  // namespace clustermpi
