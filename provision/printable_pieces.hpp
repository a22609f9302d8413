// printable() of text that comes in pieces.
#pragma once

#include <string>
#include <string_view>

namespace clustermpi {

/// A character that the end of a piece cuts in two is shown once it is whole.
class PrintablePieces {
 public:
  [[nodiscard]] std::string feed(std::string_view piece);
  [[nodiscard]] std::string flush();  ///< what has begun, and does not go on

 private:
  std::string begun_;
};

}  // namespace clustermpi
