// A cluster that nobody has to reach: for what is computed from inventory, facts and verdicts.
#pragma once

#include <gtest/gtest.h>

#include "provision/cluster.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi::test {

class SilentReporter : public Reporter {
  void on(const Event&) override {}
};

/// Of the example's inventory, in a workspace that is nowhere.
class ExampleCluster : public testing::Test {
 protected:
  SilentReporter reporter;
  CancelToken cancel;
  Cluster cluster{example::inventory(), Workspace("/nowhere/cluster.toml"), {}, reporter, cancel};
};

}  // namespace clustermpi::test
