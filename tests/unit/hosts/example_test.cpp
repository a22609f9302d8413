#include "hosts/example.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hosts/error.hpp"

namespace clustermpi {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ParseExample, ReadsTheHead) {
  const Example example = parse_example("patterns", "scatter",
                                        "// scatter: rank 0 deals an array out.\n"
                                        "// Run: -n 4 -- --length 8\n"
                                        "// Try: -n 3                shares of  three\n"
                                        "// Try: -n 2\n"
                                        "//\n"
                                        "// Free text.\n"
                                        "#include <mpi.h>\n"
                                        "// Try: not in the head  any more\n");
  EXPECT_EQ(example.topic, "patterns");
  EXPECT_EQ(example.name, "scatter");
  EXPECT_EQ(example.summary, "rank 0 deals an array out.");
  EXPECT_EQ(example.np, 4U);
  EXPECT_THAT(example.arguments, ElementsAre("--length", "8"));
  EXPECT_THAT(example.tries,
              ElementsAre(ExampleRun{"-n 3", "shares of  three"}, ExampleRun{"-n 2", ""}));
}

TEST(ParseExample, TellsAChangeOfTheSourceFromARun) {
  const Example example = parse_example("programs", "count",
                                        "// count: numbers.\n"
                                        "// Try: replace MPI_MAX by MPI_MIN    the least\n"
                                        "// Try: --env FIND=11    refused\n");
  EXPECT_TRUE(example.tries.at(0).changes_source());
  EXPECT_EQ(example.tries.at(0).words, "replace MPI_MAX by MPI_MIN");
  EXPECT_FALSE(example.tries.at(1).changes_source());
}

TEST(ParseExample, WithoutARunAnyNumberOfRanksWillDo) {
  const Example example = parse_example("verify", "pi", "// pi: darts");
  EXPECT_EQ(example.np, 0U);
  EXPECT_THAT(example.arguments, IsEmpty());
}

std::string refusal(std::string_view source) {
  try {
    static_cast<void>(parse_example("patterns", "spmd", source));
    return "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::local_failure);
    return error.what();
  }
}

TEST(ParseExample, NamesTheLineThatItCannotRead) {
  const std::string head = "// spmd: one program\n";
  const std::string cannot = "patterns/spmd.cpp: the head of an example cannot have ";
  EXPECT_EQ(refusal("// smpd: a slip\n"), cannot + "'// smpd: a slip'");
  EXPECT_EQ(refusal("#include <mpi.h>\n"), cannot + "'#include <mpi.h>'");
  EXPECT_EQ(refusal(""), cannot + "''");
  EXPECT_EQ(refusal(head + "// Run: 4\n"), cannot + "'// Run: 4'");
  EXPECT_EQ(refusal(head + "// Run: -n four\n"), cannot + "'// Run: -n four'");
  EXPECT_EQ(refusal(head + "// Run: -n 0\n"), cannot + "'// Run: -n 0'");
  EXPECT_EQ(refusal(head + "// Run: -n 4 --length 3\n"), cannot + "'// Run: -n 4 --length 3'");
}

}  // namespace
}  // namespace clustermpi
