#include "hosts/ansible_inventory_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "hosts/ipv4.hpp"
#include "hosts/names.hpp"

namespace clustermpi {
namespace {

using Json = nlohmann::json;

constexpr std::string_view head =
    "# Written by clustermpi from the inventory; changes are overwritten.\n";

/// Whether Python's literals and YAML 1.1 both take `text` for a string as it stands: a word that
/// begins with a letter or '/', or an address, and means nothing of its own.
bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 10> meaningful = {"y",   "n",    "yes",   "no",   "on",
                                                           "off", "true", "false", "null", "none"};
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view others = "0123456789._/-";
  if (parse_ipv4(text)) return true;
  if (text.empty() || (letters.find(text.front()) == letters.npos && text.front() != '/'))
    return false;
  const bool is_word = std::all_of(text.begin(), text.end(), [&](char c) {
    return letters.find(c) != letters.npos || others.find(c) != others.npos;
  });
  return is_word &&
         std::find(meaningful.begin(), meaningful.end(), lower_case(text)) == meaningful.end();
}

/// `text` in double quotes and ASCII, as Python and YAML both read it. JSON's escapes are theirs,
/// too, but for characters beyond 16 bits, which it writes as two.
std::string quoted(const std::string& text) {
  constexpr std::size_t escape_size = 6;  // of "\ud83d"
  const std::string json = Json(text).dump(-1, ' ', true);
  const auto unit_at = [&](std::size_t at) {
    return static_cast<std::uint32_t>(std::stoul(json.substr(at + 2, 4), nullptr, 16));
  };
  std::string out;
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (json[at] != '\\') {
      out += json[at];
    } else if (json.compare(at, 3, "\\ud") == 0 && unit_at(at) >= 0xd800) {
      const std::uint32_t high = unit_at(at) - 0xd800;
      const std::uint32_t low = unit_at(at + escape_size) - 0xdc00;
      out += fmt::format("\\U{:08x}", 0x10000 + (high << 10) + low);
      at += 2 * escape_size - 1;
    } else {
      out += json.substr(at, 2);
      ++at;
    }
  }
  return out;
}

/// Lines of a text file, which read better as lines.
bool is_lines(std::string_view text) {
  return text.ends_with('\n') && !text.ends_with("\n\n") && text.front() != ' ' &&
         text.front() != '\n' && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= ' ' && c <= '~') || c == '\n';
         });
}

/// `text` as a literal block: what follows the key, and its lines below `indent`.
std::string yaml_lines(std::string_view text, std::size_t indent) {
  std::string out = "|\n";
  while (!text.empty()) {
    const std::size_t size = text.find('\n') + 1;
    if (size > 1) out.append(indent, ' ');
    out += text.substr(0, size);
    text.remove_prefix(size);
  }
  return out;
}

std::string yaml_word(const std::string& text) {
  return is_plain(text) ? text : quoted(text);
}

/// A value without parts, with the line's end; further lines are below `indent`.
std::string yaml_scalar(const Json& value, std::size_t indent) {
  if (!value.is_string()) return value.dump() + '\n';
  const auto& text = value.get_ref<const std::string&>();
  return is_lines(text) ? yaml_lines(text, indent) : yaml_word(text) + '\n';
}

/// A value that has parts, all of it below `indent`.
std::string yaml_block(const Json& value, std::size_t indent) {
  const std::string margin(indent, ' ');
  const std::size_t inside = indent + 2;
  std::string out;
  for (const auto& [key, part] : value.items()) {
    const bool has_parts = part.is_structured() && !part.empty();
    if (value.is_object()) {
      out += fmt::format("{}{}:{}", margin, yaml_word(key), has_parts ? "\n" : " ");
      out += has_parts ? yaml_block(part, inside) : yaml_scalar(part, inside);
    } else {  // the first part stands on the line of the dash
      out += margin + "- ";
      out += has_parts ? yaml_block(part, inside).substr(inside) : yaml_scalar(part, inside);
    }
  }
  return out;
}

std::string python_literal(const Json& value) {
  std::vector<std::string> parts;
  switch (value.type()) {
    case Json::value_t::null:
      return "None";
    case Json::value_t::boolean:
      return value.get<bool>() ? "True" : "False";
    case Json::value_t::string:
      return quoted(value.get_ref<const std::string&>());
    case Json::value_t::array:
      for (const Json& part : value) parts.push_back(python_literal(part));
      return fmt::format("[{}]", fmt::join(parts, ", "));
    case Json::value_t::object:
      for (const auto& [key, part] : value.items())
        parts.push_back(fmt::format("{}: {}", quoted(key), python_literal(part)));
      return fmt::format("{{{}}}", fmt::join(parts, ", "));
    default:
      return value.dump();
  }
}

/// A value behind `key=`, for one who splits the line as a shell does and takes # for a comment.
/// All that would end a single quote is escaped by the literal itself.
std::string ini_value(const Json& value) {
  if (value.is_string() && is_plain(value.get_ref<const std::string&>()))
    return value.get<std::string>();
  std::string literal;
  for (const char c : python_literal(value))
    literal += c == '\'' ? "\\u0027" : c == '#' ? "\\u0023" : std::string(1, c);
  return literal;
}

std::string ini_host(const std::string& name, const Json& variables) {
  std::string line = name;
  for (const auto& [key, value] : variables.items()) {
    const std::string text = ini_value(value);
    const bool is_word = text.find_first_of(" \"\\{[") == std::string::npos;
    line += is_word ? fmt::format(" {}={}", key, text) : fmt::format(" {}='{}'", key, text);
  }
  return line + '\n';
}

std::string ini_variables(std::string_view group, const Json& variables) {
  std::string out = fmt::format("\n[{}:vars]\n", group);
  for (const auto& [key, value] : variables.items())
    out += fmt::format("{}={}\n", key, ini_value(value));
  return out;
}

}  // namespace

Json static_inventory(const Json& dynamic) {
  Json children = Json::object();
  for (const auto& [name, group] : dynamic.items()) {
    if (name == "_meta" || name == "all") continue;
    Json& hosts = children[name]["hosts"] = Json::object();
    for (const Json& host : group.value("hosts", Json::array()))
      hosts[host.get<std::string>()] = Json::object();
    if (group.contains("vars")) children[name]["vars"] = group["vars"];
  }
  return {{"all",
           {{"hosts", dynamic.at("_meta").at("hostvars")},
            {"vars", dynamic.value("/all/vars"_json_pointer, Json::object())},
            {"children", std::move(children)}}}};
}

std::string ansible_inventory_yaml(const Json& dynamic) {
  return fmt::format("{}{}", head, yaml_block(static_inventory(dynamic), 0));
}

std::string ansible_inventory_ini(const Json& dynamic) {
  std::string out(head);
  for (const auto& [name, variables] : dynamic.at("_meta").at("hostvars").items())
    out += ini_host(name, variables);
  for (const auto& [name, group] : dynamic.items()) {
    if (name == "_meta" || name == "all") continue;
    out += fmt::format("\n[{}]\n", name);
    for (const Json& host : group.value("hosts", Json::array()))
      out += host.get<std::string>() + '\n';
    if (group.contains("vars")) out += ini_variables(name, group["vars"]);
  }
  return out + ini_variables("all", dynamic.value("/all/vars"_json_pointer, Json::object()));
}

}  // namespace clustermpi
