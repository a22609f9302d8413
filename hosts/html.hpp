// Text in HTML.
#pragma once

#include <string>
#include <string_view>

namespace clustermpi {

/// As text between tags or in a quoted attribute: nothing in it is markup any more.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace clustermpi
