// What a function refuses, as a user reads it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "hosts/error.hpp"

namespace clustermpi::test {

/// "MESSAGE / HINT" of the error that `write` throws, which is of that kind.
inline std::string refusal(const std::function<void()>& write, ExitCode code = ExitCode::usage) {
  try {
    write();
    return "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return std::string(error.what()) + " / " + error.hint();
  }
}

}  // namespace clustermpi::test
