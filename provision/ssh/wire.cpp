#include "provision/ssh/wire.hpp"

namespace clustermpi {

std::string_view WireReader::take(std::size_t count) {
  if (count > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::uint64_t WireReader::number(std::size_t size) {
  std::uint64_t result = 0;
  for (const char c : take(size)) result = result << 8 | static_cast<unsigned char>(c);
  return result;
}

std::string wire_uint32(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

std::string wire_string(std::string_view bytes) {
  return wire_uint32(static_cast<std::uint32_t>(bytes.size())).append(bytes);
}

}  // namespace clustermpi
