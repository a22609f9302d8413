#include <array>
#include <charconv>
#include <utility>

#include "hosts/error.hpp"
#include "provision/lab/lab.hpp"

namespace clustermpi::lab {

std::uint64_t parse_rate(const std::string& text) {
  if (text == "off") return 0;
  constexpr std::uint64_t most = 100'000'000'000;
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> units{
      {{"kbit", 1'000}, {"mbit", 1'000'000}, {"gbit", 1'000'000'000}}};
  std::uint64_t number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed == std::errc() && number > 0) {
    for (const auto& [unit, bits] : units) {
      if (text.data() + text.size() == rest + unit.size() && unit == rest &&
          number <= most / bits) {
        return number * bits;
      }
    }
  }
  throw Error(ExitCode::usage, "\"" + text + "\" is no rate",
              "write it as 100mbit, 1gbit or 512kbit, or off to lift the limit");
}

}  // namespace clustermpi::lab
