#include "provision/lab/names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hosts/error.hpp"

namespace clustermpi::lab {
namespace {

constexpr std::size_t longest_lab_name =
    10;  // + two digits + "-br" is what the kernel takes for a NIC

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

void check_lab_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= longest_lab_name && is_lower(name.front()) &&
                    name.back() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
                      return is_lower(c) || is_digit(c) || c == '-';
                    });
  if (fits) return;
  throw Error(ExitCode::usage, fmt::format("\"{}\" cannot be the name of a lab", name),
              fmt::format("take at most {} lower-case letters, digits and hyphens, a letter first",
                          longest_lab_name));
}

std::string node_name(std::string_view lab, unsigned number) {
  return fmt::format("{}{:02}", lab, number);
}

std::string_view lab_of(std::string_view node) {
  if (node.size() < 3 || !is_digit(node[node.size() - 1]) || !is_digit(node[node.size() - 2]))
    return {};
  return node.substr(0, node.size() - 2);
}

std::string bridge_name(std::string_view lab) {
  return fmt::format("{}-br", lab);
}
std::string nft_table(std::string_view lab) {
  return fmt::format("clustermpi-{}", lab);
}
std::string cable_name(std::string_view node) {
  return fmt::format("{}-v", node);
}

}  // namespace clustermpi::lab
