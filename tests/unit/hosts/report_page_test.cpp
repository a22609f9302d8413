#include "hosts/report_page.hpp"

#include <gmock/gmock.h>

#include "hosts/html.hpp"
#include "tests/unit/hosts/example_report.hpp"

namespace clustermpi {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string content(const ReportPage& page) {
  return report_html(page, "<title>@TITLE@</title>@CONTENT@");
}

/// What stands in the page as people read it, tags left out.
std::string words(const ReportPage& page) {
  const std::string html = content(page);
  std::string text;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<') in_tag = true;
    if (!in_tag) text += c;
    if (c == '>') in_tag = false;
  }
  return text;
}

TEST(EscapeHtml, NothingIsMarkupAnyMore) {
  EXPECT_EQ(escape_html(R"(<a href="x" id='y'>R&D</a>)"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;R&amp;D&lt;/a&gt;");
  EXPECT_EQ(escape_html("Rückenlage µ ✓"), "Rückenlage µ ✓");
}

TEST(ReportPage, SaysFirstThatAllIsWellAndWhatThatRestsOn) {
  const std::string text = words(example::good_report());
  EXPECT_THAT(text, HasSubstr("✓ red works"));
  EXPECT_THAT(text, HasSubstr("All 7 checks passed on 4 hosts, red,red[01-03], with 16 ranks."));
  EXPECT_THAT(text, Not(HasSubstr("What is wrong")));
  EXPECT_THAT(content(example::good_report()),
              HasSubstr("<title>✓ red: clustermpi verify</title>"));
}

TEST(ReportPage, SaysFirstWhatIsWrongAndWhatToDo) {
  const std::string text = words(example::bad_report());
  EXPECT_THAT(text, HasSubstr("✗ red does not work as it should"));
  EXPECT_THAT(text, HasSubstr("red03: cannot reach 192.168.1.13: no route to host"));
  EXPECT_THAT(text, HasSubstr("links failed: 2 of 6 ways do not work"));
  EXPECT_THAT(text, HasSubstr("red01: no way to red02: 192.168.1.12 port 41231 does not"));
  EXPECT_THAT(text, HasSubstr("What to do\n\nred03: check that it is switched on, and on a network "
                              "that this machine reaches\nPut right what the failed checks name.\n"
                              "Then run clustermpi verify again"));
}

TEST(ReportPage, ARunThatEndedEarlySaysWhyAndThatNothingWasProven) {
  ReportPage page = example::good_report();
  page.exit_code = ExitCode::hosts_failed;
  page.verdicts.clear();
  page.error = HostError{"hosts_failed", "the manager red failed, so nothing else is done",
                         "put it right as said above and run the same command again"};
  page.failures["red"] = {"unreachable", "no answer", "check that it is switched on"};
  const std::string text = words(page);
  EXPECT_THAT(text, HasSubstr("red is not ready: 1 host failed"));
  EXPECT_THAT(text, HasSubstr("the manager red failed, so nothing else is done"));
  EXPECT_THAT(text, HasSubstr("put it right as said above"));
  EXPECT_THAT(text, HasSubstr("No check ran: the run ended before it came to them."));
}

TEST(ReportPage, AnInterruptedRunIsNoFailureOfTheCluster) {
  ReportPage page = example::good_report();
  page.exit_code = ExitCode::interrupted;
  page.error = HostError{"interrupted", "interrupted", "run the same command again to go on"};
  EXPECT_THAT(words(page), HasSubstr("The run on red was interrupted"));
}

TEST(ReportPage, OfAnythingElseThatEndedTheRunTheMessageIsTold) {
  ReportPage page = example::good_report();
  page.exit_code = ExitCode::local_failure;
  page.error = HostError{"local_failure", "the disk is full", ""};
  const std::string text = words(page);
  EXPECT_THAT(text, HasSubstr("The run on red came to no end"));
  EXPECT_THAT(text, HasSubstr("the disk is full"));
}

TEST(ReportPage, ChecksThatDidNotRunAreNoSuccess) {
  ReportPage page = example::good_report();
  page.verdicts.back().ran = false;
  page.verdicts.back().summary = "jobs hold Slurm's nodes";
  const std::string text = words(page);
  EXPECT_THAT(text, HasSubstr("All 6 checks passed"));
  EXPECT_THAT(text, HasSubstr("1 check could not run: jobs hold Slurm&#39;s nodes."));
  EXPECT_THAT(text, HasSubstr("– not run"));
}

TEST(ReportPage, WhatIsSlowIsWorthALookOnce) {
  ReportPage page = example::good_report();
  page.verdicts.push_back(page.verdicts[3]);  // pi, once more
  const std::string html = content(page);
  const std::string remark = "<strong>pi</strong>: red03 is slow: 0.65 of its like";
  const std::size_t at = html.find(remark);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(html.find(remark, at + 1), std::string::npos);
}

TEST(ReportPage, TheFleetWithItsFacts) {
  ReportPage page = example::good_report();
  page.facts["red01"].sockets = 2;
  page.facts["red01"].threads_per_core = 2;
  const std::string html = content(page);
  EXPECT_THAT(html, HasSubstr("4 hosts, 20 cores, 14.8 GiB of memory in all."));
  EXPECT_THAT(html, HasSubstr("red <span class=\"tag\">manager</span>"));
  EXPECT_THAT(html,
              HasSubstr("<td class=\"code\">192.168.1.11</td><td>Debian 12</td><td>arm64</td><td>8 "
                        "in 2 processors, 2 threads each</td><td>3.7 GiB</td><td>Open MPI "
                        "4.1.4</td><td>idle</td><td>Raspberry Pi 4 Model B Rev 1.4</td>"));
}

TEST(ReportPage, AHostThatIsAwayStandsInTheFleetWithTheReason) {
  const std::string text = words(example::bad_report());
  EXPECT_THAT(text, HasSubstr("red03✗ cannot reach 192.168.1.13: no route to host192.168.1.13"
                              "Unknown"));
  EXPECT_THAT(text, HasSubstr("down: Not responding"));
  EXPECT_THAT(text, HasSubstr("red01✗ fails in links"));
}

TEST(ReportPage, AHostOfAnotherKindIsNoPartOfTheProof) {
  ReportPage page = example::good_report();
  page.left_out["red03"] = "armhf, not arm64 as red";
  const std::string text = words(page);
  EXPECT_THAT(text, HasSubstr("All 7 checks passed on 3 hosts, red,red[01-02], with"));
  EXPECT_THAT(text, HasSubstr("red03– not part of the checks: armhf, not arm64 as red"));
}

TEST(ReportPage, WhatWasNotCheckedIsNotSaidToWork) {
  ReportPage page = example::good_report();
  EXPECT_THAT(words(page), HasSubstr("red01✓ works"));
  page.verdicts.clear();
  EXPECT_THAT(words(page), HasSubstr("red01– answers"));
}

TEST(ReportPage, WhereACheckFailedWithoutACulpritNoHostIsSaidToWork) {
  ReportPage page = example::good_report();
  page.exit_code = ExitCode::verification_failed;
  page.verdicts[2].ok = false;
  page.verdicts[2].summary = "did not end within 60 s";
  EXPECT_THAT(words(page), Not(HasSubstr("✓ works")));
  EXPECT_THAT(words(page), HasSubstr("red01– answers"));
}

TEST(ReportPage, WhereACheckDidNotRunNoHostIsSaidToWork) {
  ReportPage page = example::good_report();
  page.verdicts.back().ran = false;
  EXPECT_THAT(words(page), Not(HasSubstr("✓ works")));
  EXPECT_THAT(words(example::bad_report()), HasSubstr("red manager– answers"));
}

TEST(ReportPage, WhereTheRunWasCutShortNoHostIsSaidToWork) {
  ReportPage page = example::good_report();
  page.exit_code = ExitCode::interrupted;
  page.error = HostError{"interrupted", "interrupted", "run the same command again to go on"};
  page.verdicts.resize(2);
  EXPECT_THAT(words(page), Not(HasSubstr("✓ works")));
}

TEST(ReportPage, AHostThatFailedTakesNothingFromTheProofOfTheOthers) {
  ReportPage page = example::good_report();
  page.exit_code = ExitCode::hosts_failed;
  page.failures["red03"] = {"unreachable", "no answer", "check that it is switched on"};
  EXPECT_THAT(words(page), HasSubstr("red01✓ works"));
}

TEST(ReportPage, WithoutSlurmNothingIsSaidOfIt) {
  ReportPage page = example::good_report();
  page.slurm.reset();
  page.verdicts.resize(4);
  EXPECT_THAT(words(page), Not(HasSubstr("Slurm")));
}

TEST(ReportPage, ChecksAfterABrokenLinkStandThereAsNotRun) {
  EXPECT_THAT(words(example::bad_report()),
              HasSubstr("ring– not runit would wait for a link that does not work"));
}

TEST(ReportPage, WhereNoHostIsABoardThereIsNoColumnOfThem) {
  ReportPage page = example::good_report();
  EXPECT_THAT(content(page), HasSubstr("<th scope=\"col\">Model</th>"));
  for (auto& [host, facts] : page.facts) facts.model.clear();
  EXPECT_THAT(content(page), Not(HasSubstr("Model")));
}

TEST(ReportPage, EachRankInItsCore) {
  const std::string text = words(example::good_report());
  EXPECT_THAT(text, HasSubstr("16 ranks on red,red[01-03] by policy fill."));
  EXPECT_THAT(text, HasSubstr("red01core 0 rank 4core 1 rank 5core 2 rank 6core 3 rank 7"));
}

TEST(ReportPage, CoresWithoutRanksAndProcessorsAreTold) {
  ReportPage page = example::good_report();
  PlacementRequest two;
  two.np = 2;
  auto nodes = node_slots(page.inventory, page.facts, {"red", "red01"});
  nodes[0].packages = {{0, 1}, {1, 3}};
  page.placement = place(page.inventory, nodes, two);
  const std::string html = content(page);
  EXPECT_THAT(html, HasSubstr("<li class=\"apart\">"));
  EXPECT_THAT(html, HasSubstr("<span class=\"unseen\">no rank</span>"));
  EXPECT_THAT(html, HasSubstr("<p>No rank on red01.</p>"));
}

TEST(ReportPage, LinksAsAMapOfWhatIsSlowAndWhatIsBroken) {
  const std::string good = content(example::good_report());
  EXPECT_THAT(good, HasSubstr("<td class=\"s0\">111</td>"));
  EXPECT_THAT(good, HasSubstr("<td class=\"s2\">25</td>"));  // red02's card
  const std::string bad = words(example::bad_report());
  EXPECT_THAT(bad, HasSubstr("✗ 192.168.1.12 port 41231 does not answer"));
  ReportPage without = example::good_report();
  without.verdicts.erase(without.verdicts.begin() + 1);
  EXPECT_THAT(words(without), Not(HasSubstr("Links between hosts")));
}

TEST(ReportPage, OneSlowHostOfFourIsNotTheUsual) {
  ReportPage page = example::good_report();
  for (LinkFigures& way : page.verdicts[1].links) {
    const bool slow = way.from == "red02" || way.to == "red02";
    way.mbps = slow ? 6 : 120;
    way.latency_us = slow ? 900 : 90;
  }
  const std::string html = content(page);
  EXPECT_THAT(html, HasSubstr("<td class=\"s0\">120</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"s3\">6.0</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"s0\">90</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"s3\">900</td>"));
}

TEST(ReportPage, MoreLinksThanCanBeReadAreNotDrawn) {
  ReportPage page = example::good_report();
  std::vector<std::string> many;
  for (int i = 0; i < 65; ++i) many.push_back("n" + std::to_string(i));
  page.verdicts[1].links = example::ways_between(many);
  EXPECT_THAT(words(page), HasSubstr("More than 64 hosts are too many to draw: clustermpi verify "
                                     "links --limit HOSTLIST measures some of them."));
}

TEST(ReportPage, MoreCoresThanCanBeReadAreNotDrawn) {
  ReportPage page = example::good_report();
  page.placement = place(page.inventory, {{"red", 5000, 5000}}, {});
  EXPECT_THAT(words(page),
              HasSubstr("5000 ranks on red by policy fill. clustermpi generate rankfile --explain "
                        "draws them all."));
}

TEST(ReportPage, ThroughputOfEachHostBesideTheBest) {
  const std::string html = content(example::good_report());
  EXPECT_THAT(html, HasSubstr("Millions of darts a second; 1506 in all."));
  EXPECT_THAT(html, HasSubstr("red01</th><td class=\"bars\"><span class=\"bar\" "
                              "style=\"--share:100.0%\"></span></td><td class=\"number\">415</td>"
                              "<td class=\"number\">4</td><td class=\"number\">104</td>"));
  EXPECT_THAT(html, HasSubstr("--share:64.6%"));
}

TEST(ReportPage, StepsAndHowItWasRun) {
  ReportPage page = example::bad_report();
  page.steps[0].seconds = 125;
  EXPECT_THAT(words(page), HasSubstr("Changesnone"));
  page.changes = 17;
  const std::string text = words(page);
  EXPECT_THAT(text, HasSubstr("verify12.4 s✗ failed stopped here"));
  EXPECT_THAT(text, HasSubstr("2 min 5 s"));
  EXPECT_THAT(text, HasSubstr("Commandclustermpi verify"));
  EXPECT_THAT(text, HasSubstr("BeganMonday, 02 March 2026, 10:14:03 CET"));
  EXPECT_THAT(text, HasSubstr("Versionclustermpi 0.1.0"));
  EXPECT_THAT(text, HasSubstr("Changes17"));
  EXPECT_THAT(text, HasSubstr("Log.clustermpi/clustermpi.log"));
}

TEST(ReportPage, NothingFromOutsideIsMarkup) {
  const std::string evil = R"(<script>"x"</script><img src='y'>&)";
  ReportPage page = example::bad_report();
  page.inventory.name = evil;
  page.inventory.hosts[1].name = evil;  // no inventory has such, but it is the page's to see to it
  page.inventory.hosts[1].address = evil;
  page.inventory.manager = evil;
  page.hosts[1] = evil;
  Facts facts = page.facts["red01"];
  for (std::string* text : {&facts.hostname, &facts.os_id, &facts.os_version, &facts.architecture,
                            &facts.model, &facts.cluster_address, &facts.kernel})
    *text = evil;
  facts.packages["openmpi-bin"] = "1.0" + evil;
  page.facts[evil] = facts;
  page.failures[evil] = {evil, evil, evil};
  page.error = HostError{evil, evil, evil};
  page.exit_code = ExitCode::local_failure;
  page.slurm->nodes[evil] = {4, evil, evil, evil, evil};
  page.placement->nodes[0].host = evil;
  page.placement->nodes[1].host = evil;
  for (Verdict& verdict : page.verdicts) {
    verdict.program = verdict.via = verdict.summary = evil;
    verdict.hosts[evil] = evil;
    verdict.remarks = {evil};
  }
  page.verdicts[3].throughput[evil] = {1e6, 4};
  page.verdicts[1].links[0] = {evil, evil, 0, 0, evil};
  page.verdicts[1].links[1] = {"red", evil, 0, 0, evil};
  for (ReportStep& step : page.steps) step.name = step.summary = evil;
  page.command_line = page.version = page.began = page.log = evil;
  const std::string html = content(page);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("'y'")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;&quot;x&quot;&lt;/script&gt;"));
}

TEST(ReportPage, AMarkerInWhatANodeSaysIsText) {
  ReportPage page = example::good_report();
  page.facts["red"].model = "@CONTENT@ @TITLE@";
  EXPECT_THAT(content(page), HasSubstr("<td>@CONTENT@ @TITLE@</td>"));
}

TEST(ReportPage, ATemplateWithoutItsMarkersIsRefused) {
  try {
    (void)report_html(example::good_report(), "<title>@TITLE@</title>");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "templates/report.html has no marker @CONTENT@");
    EXPECT_EQ(error.hint(), "install clustermpi anew");
    EXPECT_EQ(error.code(), ExitCode::local_failure);
  }
}

}  // namespace
}  // namespace clustermpi
