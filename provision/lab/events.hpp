// The lab's part of the story.
#pragma once

#include <string>

#include "provision/reporter.hpp"

namespace clustermpi::lab {

inline void tell(Reporter& reporter, Event::Kind kind, std::string text, std::string host = {}) {
  Event event;
  event.kind = kind;
  event.step = "lab";
  event.host = std::move(host);
  event.text = std::move(text);
  reporter.on(event);
}

}  // namespace clustermpi::lab
