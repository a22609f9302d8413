#include "hosts/sweep.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/refusal.hpp"

namespace clustermpi {
namespace {

using test::refusal;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;

SweepRun run_at(unsigned np, int exit_status = 0, unsigned repetition = 1) {
  SweepRun run;
  run.point = {np, {{"size", "10"}}, repetition};
  run.wall_seconds = 1.5;
  run.exit_status = exit_status;
  if (exit_status != 0) run.fault = "exit status 3: out of luck";
  run.figures = {{"seconds", "1.25"}, {"ok", "1"}};
  return run;
}

SweepDefinition definition() {
  return {{"julia", "--multiplier", "{m}"},
          {"m"},
          {{"A", "6b86b273"}},
          "mpirun",
          {},
          {"red:4", "red01:4"},
          "Open MPI 4.1.4",
          "ba7816bf"};
}

TEST(RankCounts, AreListsAndRanges) {
  EXPECT_THAT(parse_rank_counts("1,2,4-6"), ElementsAre(1, 2, 4, 5, 6));
  EXPECT_THAT(parse_rank_counts("2-9/3"), ElementsAre(2, 5, 8));
  EXPECT_THAT(parse_rank_counts("8,2,2-3"), ElementsAre(2, 3, 8));  // ascending, each once
  EXPECT_THAT(parse_rank_counts("7"), ElementsAre(7));
}

TEST(RankCounts, AreRefusedWithTheWordThatIsNone) {
  const std::string hint = " / as in -n 1,2,4-8 or -n 2-16/2";
  for (const char* list :
       {"0", "", "1,", "4-2", "1-8/0", "x", "1.5", "-3", "1-", "1-99999999", "4/2"}) {
    EXPECT_THAT(refusal([&] { (void)parse_rank_counts(list); }), EndsWith(hint)) << list;
  }
  EXPECT_EQ(refusal([&] { (void)parse_rank_counts("1,4-2"); }),
            "-n 1,4-2: '4-2' is no number of ranks" + hint);
}

TEST(RankCounts, DoubleUpToTheLast) {
  EXPECT_THAT(doubling_rank_counts(1), ElementsAre(1));
  EXPECT_THAT(doubling_rank_counts(8), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(doubling_rank_counts(12), ElementsAre(1, 2, 4, 8, 12));
}

TEST(SweepParameter, HasANameAndValues) {
  EXPECT_EQ(parse_sweep_parameter("size=10,20 30"), (SweepParameter{"size", {"10", "20 30"}}));
  EXPECT_EQ(parse_sweep_parameter("A_1=x=y"), (SweepParameter{"A_1", {"x=y"}}));
}

TEST(SweepParameter, IsRefusedWithTheReason) {
  const auto says = [](const std::string& text) {
    const std::string said = refusal([&] { (void)parse_sweep_parameter(text); });
    EXPECT_THAT(said, EndsWith(" / as in --with size=1000,2000"));
    return said.substr(0, said.rfind(" / "));
  };
  const std::string form = "it takes a name of letters, digits and underscores, and values";
  EXPECT_EQ(says("size"), "--with size: " + form);
  EXPECT_EQ(says("=3"), "--with =3: " + form);
  EXPECT_EQ(says("1a=3"), "--with 1a=3: " + form);
  EXPECT_EQ(says("a-b=3"), "--with a-b=3: " + form);
  EXPECT_EQ(says("np=3"), "--with np=3: np is what -n gives");
  EXPECT_EQ(says("a=1,,2"), "--with a=1,,2: a value is missing");
  EXPECT_EQ(says("a="), "--with a=: a value is missing");
  EXPECT_EQ(says("a=1\n"), "--with a=1\n: a value cannot have several lines");
  EXPECT_EQ(says("a=4,4"),
            "--with a=4,4: 4 is there twice; --repeat runs each point several times");
}

TEST(SweepPoints, SeeEachValueOnceBeforeAnyIsSeenAgain) {
  std::vector<std::string> names;
  for (const SweepPoint& point : sweep_points({1, 2}, {{"m", {"a", "b"}}}, 2))
    names.push_back(name_of(point));
  EXPECT_THAT(names, ElementsAre("np 1, m a", "np 2, m a", "np 1, m b", "np 2, m b",
                                 "np 1, m a, repetition 2", "np 2, m a, repetition 2",
                                 "np 1, m b, repetition 2", "np 2, m b, repetition 2"));
}

TEST(SweepPoints, AreRefusedWhereTheyCannotBeMeant) {
  EXPECT_EQ(refusal([] {
              (void)sweep_points({1}, {{"m", {"a"}}, {"m", {"b"}}}, 1);
            }),
            "--with m: it is given twice / all values of a parameter belong into one --with, with "
            "commas between");
  EXPECT_EQ(
      refusal([] { (void)sweep_points(doubling_rank_counts(1024), {}, 10'000); }),
      "the grid has more than 100000 points / give fewer numbers of ranks, values or repetitions");
}

TEST(FillIn, ReplacesParametersAndNothingElse) {
  const SweepPoint point{4, {{"m", "7"}, {"n", "{m}"}}, 1};
  EXPECT_THAT(fill_in({"a{m}b{m}", "{np}000", "{n}"}, point), ElementsAre("a7b7", "4000", "{m}"));
  EXPECT_THAT(fill_in({"{{m}}", "{\"k\":{}}", "{", "{ m }", "}{"}, point),
              ElementsAre("{m}", "{\"k\":{}}", "{", "{ m }", "}{"));
}

TEST(FillIn, RefusesAParameterThatNobodyGives) {
  EXPECT_EQ(refusal([] { (void)fill_in({"--size={size}"}, {}); }),
            "{size} in '--size={size}': there is no such parameter / give it values: "
            "--with size=V1,V2; or write {{size}} for the word itself");
}

TEST(SweepRecord, ReadsWhatWasWritten) {
  const std::string text =
      definition_line(definition()) + run_line(run_at(1)) + run_line(run_at(2, 3));
  const SweepRecord record = parse_sweep_record(text);
  EXPECT_EQ(record.definition, definition());
  EXPECT_THAT(record.runs, ElementsAre(run_at(1), run_at(2, 3)));
  EXPECT_EQ(record.whole_size, text.size());
}

TEST(SweepRecord, ALastLineThatWasCutOffIsNotThere) {
  const std::string whole = definition_line(definition()) + run_line(run_at(1));
  const std::string last = run_line(run_at(2));
  for (std::size_t size = 0; size < last.size(); ++size) {
    const SweepRecord record = parse_sweep_record(whole + last.substr(0, size));
    EXPECT_THAT(record.runs, ElementsAre(run_at(1)));
    EXPECT_EQ(record.whole_size, whole.size());
  }
  EXPECT_FALSE(parse_sweep_record("{\"sweep\":").definition);
  EXPECT_FALSE(parse_sweep_record("").definition);
}

TEST(SweepRecord, OtherDamageIsNamedByItsLine) {
  const std::string text = definition_line(definition()) + "{}\n" + run_line(run_at(2));
  try {
    (void)parse_sweep_record(text);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "line 2 cannot be read");
  }
}

TEST(Outstanding, IsWhatWasNeverRight) {
  const auto points = sweep_points({1, 2, 4}, {{"size", {"10"}}}, 1);
  const std::vector<SweepRun> runs{run_at(1), run_at(2, 3)};
  EXPECT_THAT(outstanding(points, runs),
              ElementsAre(SweepPoint{2, {{"size", "10"}}, 1}, SweepPoint{4, {{"size", "10"}}, 1}));
  EXPECT_THAT(outstanding({points[0]}, runs), IsEmpty());
}

TEST(RunsOf, ARunThatWasRightCountsForItsPoint) {
  const auto points = sweep_points({1, 2, 4}, {{"size", {"10"}}}, 1);
  EXPECT_THAT(runs_of(points, {run_at(2, 3), run_at(2), run_at(1, 3), run_at(8)}),
              ElementsAre(run_at(1, 3), run_at(2)));
  EXPECT_THAT(runs_of(points, {run_at(2), run_at(2, 3)}), ElementsAre(run_at(2)));
}

TEST(Difference, NamesTheFirstThingAndHowItWas) {
  EXPECT_EQ(difference(definition(), definition()), "");
  const auto after = [](const auto& change) {
    SweepDefinition asked = definition();
    change(asked);
    return difference(definition(), asked);
  };
  EXPECT_EQ(after([](auto& asked) { asked.command.pop_back(); }),
            "another command: julia --multiplier {m}");
  EXPECT_EQ(after([](auto& asked) { asked.parameters.clear(); }), "another set of parameters: m");
  EXPECT_EQ(after([](auto& asked) { asked.environment.clear(); }), "another environment: A");
  EXPECT_EQ(after([](auto& asked) { asked.environment["B"] = "0"; }), "another environment: A");
  EXPECT_EQ(after([](auto& asked) { asked.environment["A"] = "0"; }), "another value of A");
  EXPECT_EQ(after([](auto& asked) { asked.via = "srun"; }), "another way: mpirun");
  EXPECT_EQ(after([](auto& asked) { asked.placement = {"by-core"}; }), "another placement: none");
  EXPECT_EQ(after([](auto& asked) { asked.hosts.pop_back(); }),
            "another set of hosts and slots: red:4, red01:4");
  EXPECT_EQ(after([](auto& asked) { asked.mpi = "MPICH 4.0.2"; }), "another MPI: Open MPI 4.1.4");
  EXPECT_EQ(after([](auto& asked) { asked.source.clear(); }), "another source of its program");
}

}  // namespace
}  // namespace clustermpi
