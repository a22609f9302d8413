// Runs to make report pages of: one that went well, and one in which much went wrong.
#pragma once

#include "hosts/report_page.hpp"
#include "tests/unit/hosts/example_fleet.hpp"

namespace clustermpi::example {

inline Verdict passed(const std::string& program, const std::string& via,
                      const std::string& summary, double seconds) {
  Verdict verdict;
  verdict.program = program;
  verdict.via = via;
  verdict.ok = true;
  verdict.summary = summary;
  verdict.seconds = seconds;
  return verdict;
}

/// All ways between `hosts`, as Pis on one switch have them.
inline std::vector<LinkFigures> ways_between(const std::vector<std::string>& hosts) {
  std::vector<LinkFigures> ways;
  for (std::size_t from = 0; from < hosts.size(); ++from) {
    for (std::size_t to = 0; to < hosts.size(); ++to) {
      if (from == to) continue;
      ways.push_back({hosts[from], hosts[to], 82.0 + static_cast<double>(7 * from + 3 * to),
                      112.4 - static_cast<double>(2 * from + to), ""});
    }
  }
  return ways;
}

inline LinkFigures& way(Verdict& links, const std::string& from, const std::string& to) {
  for (LinkFigures& each : links.links)
    if (each.from == from && each.to == to) return each;
  return links.links.emplace_back();  // the test that looks for it fails
}

inline SlurmState slurm_state() {
  SlurmState state;
  state.complete = true;
  state.up = true;
  for (const Host& host : inventory().hosts) state.nodes[host.name] = {4, "idle", "", "", ""};
  return state;
}

/// `verify` of four Pis, all well, but that the network card of red02 is slow.
inline ReportPage good_report() {
  ReportPage page;
  page.inventory = inventory();
  page.hosts = names(page.inventory);
  page.facts = fleet_facts();
  for (auto& [host, facts] : page.facts) facts.packages["openmpi-bin"] = "4.1.4-3+b1";
  page.slurm = slurm_state();
  page.placement = place(page.inventory, node_slots(page.inventory, page.facts, page.hosts), {});
  page.verdicts = {passed("hello", "mpirun", "16 ranks on 4 hosts", 1.42),
                   passed("links", "mpirun",
                          "12 ways, 97.0 us, 108.4 MB/s; egress of red02 is slow: 4.31 times its "
                          "like",
                          1.38),
                   passed("ring", "mpirun", "1000 laps, 41.7 us a hop", 2.05),
                   passed("pi", "mpirun",
                          "3.141587 from 1600000000 darts; red03 is slow: 0.65 of its like", 1.93),
                   passed("daemons", "slurm", "munge, slurmd and slurmctld are active", 0.31),
                   passed("munge", "slurm", "every host reads every other's credentials", 0.22),
                   passed("hello", "srun", "16 ranks on 4 hosts", 1.12)};
  Verdict& pi = page.verdicts[3];
  pi.throughput = {{"red", {412.6e6, 4}},
                   {"red01", {415.1e6, 4}},
                   {"red02", {409.9e6, 4}},
                   {"red03", {268.0e6, 4}}};
  pi.remarks = {"red03 is slow: 0.65 of its like"};
  Verdict& links = page.verdicts[1];
  links.links = ways_between(page.hosts);
  links.remarks = {"egress of red02 is slow: 4.31 times its like"};
  for (const char* to : {"red", "red01", "red03"}) way(links, "red02", to).mbps = 25.1;
  page.steps = {
      {"discover", "4 hosts answered", 0.92, true},
      {"verify", "16 ranks: hello, links, ring, pi passed by mpirun; hello by srun", 9.71, true}};
  page.command_line = "clustermpi verify";
  page.version = "0.1.0";
  page.began = "Monday, 02 March 2026, 10:14:03 CET";
  page.seconds = 10.63;
  page.log = ".clustermpi/clustermpi.log";
  return page;
}

/// The same where red03 is switched off, a firewall stands before red02, and a node calls its
/// system what would be markup.
inline ReportPage bad_report() {
  ReportPage page = good_report();
  page.exit_code = ExitCode::verification_failed;
  page.facts.erase("red03");
  page.facts["red02"].os_id = "<script>alert(1)</script>";
  page.failures["red03"] = {
      "unreachable", "cannot reach 192.168.1.13: no route to host",
      "check that it is switched on, and on a network that this machine reaches"};
  const std::vector<std::string> left{"red", "red01", "red02"};
  page.placement = place(page.inventory, node_slots(page.inventory, page.facts, left), {});
  page.slurm->nodes["red03"] = {4, "down", "*", "Not responding", "slurm"};
  page.verdicts.resize(4);
  page.verdicts[0].summary = "12 ranks on 3 hosts";
  for (const std::size_t waits : {2, 3}) {
    Verdict& verdict = page.verdicts[waits];
    verdict = passed(verdict.program, "mpirun", "it would wait for a link that does not work", 0);
    verdict.ran = false;
  }
  Verdict& links = page.verdicts[1];
  links.ok = false;
  links.remarks.clear();
  links.summary = "2 of 6 ways do not work";
  links.links = ways_between(left);
  const std::string dropped =
      "192.168.1.12 port 41231 does not answer: a firewall drops it, or it is on another network";
  way(links, "red01", "red02") = {"red01", "red02", 0, 0, dropped};
  way(links, "red02", "red01") = {"red02", "red01", 0, 0,
                                  "not tried, since the way back does not work"};
  links.hosts = {{"red01", "no way to red02: " + dropped},
                 {"red02", "no way to red01: not tried, since the way back does not work"}};
  page.error = HostError{"verification_failed", "links failed: 2 of 6 ways do not work",
                         "the log is .clustermpi/clustermpi.log"};
  page.steps[0].summary = "3 of 4 hosts answered";
  page.steps[0].ok = false;
  page.steps[1] = {"verify", "stopped here", 12.4, false};
  return page;
}

}  // namespace clustermpi::example
