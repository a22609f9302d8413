#include "hosts/cpu_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace clustermpi {
namespace {

/// Takes what stands before the next comma away from `text`.
std::string_view next_item(std::string_view& text) {
  const std::size_t end = std::min(text.find(','), text.size());
  const std::string_view item = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return item;
}

}  // namespace

CpuSet parse_cpu_list(std::string_view list) {
  CpuSet cpus;
  while (!list.empty()) {
    const std::string_view item = next_item(list);
    const char* const end = item.data() + item.size();
    std::size_t first = 0;
    const auto [after, error] = std::from_chars(item.data(), end, first);
    if (error != std::errc{}) continue;
    std::size_t last = first;
    if (after != end && *after == '-') std::from_chars(after + 1, end, last);
    for (std::size_t cpu = first; cpu <= last && cpu < cpus.size(); ++cpu) cpus.set(cpu);
  }
  return cpus;
}

CpuSet parse_cpu_mask(std::string_view mask) {
  constexpr std::size_t bits = 32;
  CpuSet cpus;
  std::size_t words = static_cast<std::size_t>(std::count(mask.begin(), mask.end(), ',')) + 1;
  while (words > 0) {
    std::string_view word = next_item(mask);
    --words;
    if (word == "0xf...f") {
      for (std::size_t cpu = words * bits; cpu < cpus.size(); ++cpu) cpus.set(cpu);
      continue;
    }
    if (word.starts_with("0x")) word.remove_prefix(2);
    std::uint32_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value, 16);
    for (std::size_t bit = 0; bit < bits && words * bits + bit < cpus.size(); ++bit)
      if ((value >> bit & 1U) != 0) cpus.set(words * bits + bit);
  }
  return cpus;
}

std::vector<unsigned> numbers_of(const CpuSet& cpus) {
  std::vector<unsigned> numbers;
  for (std::size_t cpu = cpus._Find_first(); cpu < cpus.size(); cpu = cpus._Find_next(cpu))
    numbers.push_back(static_cast<unsigned>(cpu));
  return numbers;
}

unsigned first_of(const CpuSet& cpus) {
  return static_cast<unsigned>(cpus._Find_first());
}

std::string number_list(std::span<const unsigned> numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] > numbers[i] &&
           numbers[end] - numbers[i] == end - i)
      ++end;
    if (!text.empty()) text += ',';
    text += end - i > 1 ? fmt::format("{}-{}", numbers[i], numbers[end - 1])
                        : fmt::format("{}", numbers[i]);
    i = end;
  }
  return text;
}

}  // namespace clustermpi
