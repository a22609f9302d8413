// Nodes that are containers: several of them may share one machine.
#pragma once

#include "hosts/facts.hpp"

namespace clustermpi {

[[nodiscard]] bool is_container(const Facts& facts);

}  // namespace clustermpi
