#include "provision/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/refusal.hpp"

namespace clustermpi {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Catalogue, HasEachExampleOnceAndSaysHowToRunIt) {
  const std::vector<Example> all = catalogue();
  std::set<std::string> names;
  for (const Example& example : all) {
    EXPECT_TRUE(names.insert(example.name).second) << example.name << " is there twice";
    EXPECT_LE(example.summary.size() + example.name.size(), 96U) << example.name;
    EXPECT_GT(example.np, 0U) << example.name << " has no line '// Run:'";
    EXPECT_FALSE(example.tries.empty()) << example.name << " has no line '// Try:'";
    for (const ExampleRun& each : example.tries)
      EXPECT_TRUE(!each.changes_source() || each.words.starts_with("replace ")) << each.words;
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"hello", "ring", "pi", "scatter", "julia"}));
}

TEST(Catalogue, EachTopicHasExamples) {
  const std::vector<Example> all = catalogue();
  for (const Topic& topic : topics()) {
    EXPECT_TRUE(std::ranges::any_of(all, [&](const Example& example) {
      return example.topic == topic.folder;
    })) << topic.folder;
  }
}

TEST(Catalogue, HasTheHeadersOfAnExampleBesideItsFolder) {
  const std::filesystem::path folder = example_folder(find_example("hello"));
  EXPECT_TRUE(std::filesystem::exists(folder / "../common/example.hpp")) << folder;
}

std::size_t times(std::string_view text, std::string_view whole) {
  std::size_t found = 0;
  for (std::size_t at = whole.find(text); at != whole.npos; at = whole.find(text, at + 1)) ++found;
  return found;
}

TEST(WholeSource, LeavesNoHeaderOfOursToBeFound) {
  for (const Example& example : catalogue()) {
    const std::string whole = whole_source(example);
    EXPECT_THAT(whole, Not(HasSubstr("#include \""))) << example.name;
    EXPECT_THAT(whole, Not(HasSubstr("#pragma once"))) << example.name;
  }
}

TEST(WholeSource, HasEachHeaderOnceInThePlaceOfItsInclude) {
  const std::string whole = whole_source(find_example("task_farm"));
  EXPECT_EQ(times("class Program {", whole), 1U);
  EXPECT_EQ(times("class Master {", whole), 1U);
  EXPECT_LT(whole.find("class Program {"), whole.find("int task_farm_demo("));
}

TEST(WholeSource, HasHeadersOfAFolderThatIncludeEachOther) {
  const std::string whole = whole_source(find_example("links"));
  // Each of these is included by several, and begins once.
  for (const char* file : {"example.hpp", "sockets.hpp", "hosts.hpp", "figures.hpp", "time.hpp"})
    EXPECT_EQ(times(std::string("#line 1 \"") + file + '"', whole), 1U) << file;
  EXPECT_LT(whole.find("class Socket {"), whole.find("class Board {"));
  EXPECT_LT(whole.find("class Board {"), whole.find("class Leader {"));
  EXPECT_LT(whole.find("class Leader {"), whole.find("int run(example::Program& program)"));
}

TEST(WholeSource, LinesKeepTheNumbersThatTheyHaveInTheirFiles) {
  const Example example = find_example("scatter");
  const std::string source = example_source(example);
  const auto line_of = [](std::string_view text, std::string_view what) {
    return std::ranges::count(text.substr(0, text.find(what)), '\n') + 1;
  };
  const std::string whole = whole_source(example);
  // The last directive before it says where counting starts anew.
  const std::size_t at = whole.find("int scatter(");
  const std::size_t directive = whole.rfind("#line ", at);
  const long from = std::stol(whole.substr(directive + 6));
  const long behind = std::ranges::count(whole.substr(directive, at - directive), '\n') - 1;
  EXPECT_EQ(from + behind, line_of(source, "int scatter("));
}

TEST(FindExample, ProposesTheOneThatWasMeant) {
  EXPECT_EQ(test::refusal([] { static_cast<void>(find_example("scater")); }),
            "there is no example 'scater' / did you mean 'scatter'?");
  EXPECT_EQ(test::refusal([] { static_cast<void>(find_example("quantum")); }),
            "there is no example 'quantum' / `clustermpi examples list` shows all");
}

}  // namespace
}  // namespace clustermpi
