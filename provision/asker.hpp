// Questions to whoever sits at the terminal. Steps ask through this, and only cli/ knows a
// terminal.
#pragma once

#include <optional>
#include <string>

#include "provision/secret.hpp"

namespace clustermpi {

class Asker {
 public:
  virtual ~Asker() = default;
  /// Typed without echo. Nothing where nobody can be asked, or where the answer was an empty line.
  virtual std::optional<Secret> secret(const std::string& prompt) = 0;
  /// "[y/N]". --yes answers with yes; no where nobody can be asked.
  virtual bool confirm(const std::string& question) = 0;
};

}  // namespace clustermpi
