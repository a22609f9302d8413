#include "hosts/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <set>
#include <sstream>

namespace clustermpi {

namespace {

std::map<std::string, std::string> pairs_of(std::istringstream& words) {
  std::map<std::string, std::string> pairs;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) pairs[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return pairs;
}

std::vector<std::map<std::string, std::string>> lines_of(std::string_view out,
                                                         std::string_view first_word) {
  std::vector<std::map<std::string, std::string>> found;
  std::istringstream lines{std::string(out)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    if (words >> word && word == first_word) found.push_back(pairs_of(words));
  }
  return found;
}

/// 0 where the key is missing or no number, which no judge below takes for right.
std::uint64_t number(const std::map<std::string, std::string>& figures, const std::string& key) {
  const auto found = figures.find(key);
  return found == figures.end() ? 0 : std::strtoull(found->second.c_str(), nullptr, 10);
}

using Lines = std::vector<std::map<std::string, std::string>>;

std::vector<std::vector<std::string>> words_of_lines(std::string_view out) {
  std::vector<std::vector<std::string>> found;
  std::istringstream lines{std::string(out)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    found.emplace_back(std::istream_iterator<std::string>(words),
                       std::istream_iterator<std::string>());
  }
  return found;
}

/// mpi4py's "Hello, World! I am process 1 of 4 on red01." as lines of our hello are: host and size.
Lines greetings_of_mpi4py(std::string_view out) {
  Lines found;
  for (const auto& words : words_of_lines(out)) {
    if (words.size() != 10 || words[0] != "Hello," || words[6] != "of" || words[8] != "on")
      continue;
    found.push_back({{"size", words[7]}, {"host", words[9].substr(0, words[9].rfind('.'))}});
  }
  return found;
}

/// mpi4py's "time for 10 loops = 0.00025 seconds (4 processes, 1 bytes)".
std::map<std::string, std::string> lap_time_of_mpi4py(std::string_view out) {
  for (const auto& words : words_of_lines(out)) {
    if (words.size() != 11 || words[0] != "time" || words[3] != "loops") continue;
    return {{"laps", words[2]},
            {"seconds", words[5]},
            {"size", words[7].substr(1)},
            {"bytes", words[9]}};
  }
  return {};
}

/// What the program says of its end. mpi4py's have no RESULT line; what they print comes to the
/// same.
std::map<std::string, std::string> figures_of(const ProgramRun& run) {
  if (run.program == "ringtest") return lap_time_of_mpi4py(run.out);
  if (run.program != "helloworld") return result_line(run.out, run.program);
  const Lines greetings = greetings_of_mpi4py(run.out);
  if (greetings.empty()) return {};
  std::set<std::string> hosts;
  for (const auto& line : greetings) hosts.insert(line.at("host"));
  return {{"size", greetings.front().at("size")}, {"hosts", std::to_string(hosts.size())}};
}

/// `greetings` has a line a rank, with its host and the size of its world.
void judge_hello(Verdict& verdict, const Lines& greetings, const std::vector<NodeSlots>& nodes,
                 const std::map<std::string, std::string>& host_of, Spread spread) {
  const unsigned np = total_slots(nodes);
  std::map<std::string, unsigned> ranks;
  for (const auto& line : greetings) {
    const auto host = line.find("host");
    if (host == line.end()) continue;
    const auto name = host_of.find(host->second);
    ++ranks[name == host_of.end() ? host->second : name->second];
    if (number(line, "size") != np) {
      verdict.summary = fmt::format(
          "a rank on {} sees a world of {} ranks, not {}: two MPI implementations are mixed",
          host->second, line.contains("size") ? line.at("size") : "?", np);
    }
  }
  for (const NodeSlots& node : nodes) {
    const unsigned started = ranks[node.host];
    if (spread == Spread::exact ? started != node.slots : started == 0) {
      verdict.hosts[node.host] = fmt::format("{} of {} ranks started", started, node.slots);
    }
  }
  if (!verdict.summary.empty() || !verdict.hosts.empty()) return;
  verdict.ok = true;
  verdict.summary = fmt::format("{} rank{} on {} host{}", np, np == 1 ? "" : "s", nodes.size(),
                                nodes.size() == 1 ? "" : "s");
}

/// ringtest itself compares what came back, and only warns where that is something else.
void judge_ringtest(Verdict& verdict, const ProgramRun& run, const std::vector<NodeSlots>& nodes) {
  const auto& figures = verdict.figures;
  const std::uint64_t np = total_slots(nodes);
  const std::uint64_t laps = number(figures, "laps");
  if (number(figures, "size") != np || laps == 0) {
    verdict.summary = fmt::format("a ring of {} ranks, not {}", number(figures, "size"), np);
    return;
  }
  if (run.err.find("does not match") != std::string::npos) {
    verdict.summary = "the message came back as another one";
    return;
  }
  verdict.ok = true;
  const double seconds = std::strtod(figures.at("seconds").c_str(), nullptr);
  verdict.summary =
      fmt::format("{} laps, {:.1f} us a hop", laps, seconds * 1e6 / static_cast<double>(laps * np));
}

void judge_ring(Verdict& verdict, const std::vector<NodeSlots>& nodes) {
  const auto& figures = verdict.figures;
  const std::uint64_t np = total_slots(nodes);
  if (number(figures, "size") != np || number(figures, "ok") != 1 ||
      number(figures, "value") != number(figures, "laps") * np) {
    verdict.summary = fmt::format("the ring of {} ranks came back as {} after {} laps", np,
                                  number(figures, "value"), number(figures, "laps"));
    return;
  }
  verdict.ok = true;
  verdict.summary = fmt::format("{} laps, {} us a hop", figures.at("laps"),
                                figures.contains("latency_us") ? figures.at("latency_us") : "?");
}

/// "red" where the inventory calls that host so, else as the host calls itself.
std::string host_named(const std::map<std::string, std::string>& line, const std::string& key,
                       const std::map<std::string, std::string>& host_of) {
  const auto own = line.find(key);
  if (own == line.end()) return "?";
  const auto known = host_of.find(own->second);
  return known == host_of.end() ? own->second : known->second;
}

/// Lines `NAME suspect ...`; the word is no pair, and so no key of theirs.
std::vector<std::map<std::string, std::string>> suspects_of(std::string_view out,
                                                            std::string_view program) {
  std::vector<std::map<std::string, std::string>> found;
  std::istringstream lines{std::string(out)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    if (words >> first >> second && first == program && second == "suspect")
      found.push_back(pairs_of(words));
  }
  return found;
}

std::string value_of(const std::map<std::string, std::string>& line, const std::string& key) {
  const auto found = line.find(key);
  return found == line.end() ? "?" : found->second;
}

/// Slow is not wrong: it is said, and the verdict stands.
void remark(Verdict& verdict, std::string text) {
  verdict.summary += "; " + text;
  verdict.remarks.push_back(std::move(text));
}

/// Hosts that the inventory does not know are left out.
std::map<std::string, Throughput> throughput_of(std::string_view out,
                                                const std::map<std::string, std::string>& host_of) {
  std::map<std::string, Throughput> throughput;
  for (const auto& line : lines_of(out, "pi")) {
    const auto host = line.find("host");
    const std::uint64_t samples = number(line, "samples_per_s");
    if (host == line.end() || samples == 0) continue;
    const auto name = host_of.find(host->second);
    if (name == host_of.end()) continue;
    Throughput& sum = throughput[name->second];
    sum.samples_per_s += static_cast<double>(samples);
    ++sum.ranks;
  }
  return throughput;
}

void judge_pi(Verdict& verdict, const ProgramRun& run, const std::vector<NodeSlots>& nodes,
              const std::map<std::string, std::string>& host_of) {
  if (number(verdict.figures, "size") != total_slots(nodes)) {
    verdict.summary = fmt::format("computed by {} ranks, not {}", number(verdict.figures, "size"),
                                  total_slots(nodes));
    return;
  }
  // Not what the program says of itself: the estimate is computed again from its counts.
  const auto darts = static_cast<double>(number(verdict.figures, "darts"));
  const double estimate =
      darts > 0 ? 4 * static_cast<double>(number(verdict.figures, "hits")) / darts : 0;
  constexpr double pi = 3.14159265358979323846;
  const double sigma = darts > 0 ? std::sqrt(pi * (4 - pi) / darts) : 0;
  verdict.ok = darts > 0 && std::abs(estimate - pi) <= 5 * sigma;
  verdict.summary = verdict.ok ? fmt::format("{:.6f} from {:.0f} darts", estimate, darts)
                               : fmt::format("{:.6f} from {:.0f} darts is not pi", estimate, darts);
  verdict.throughput = throughput_of(run.out, host_of);
  for (const auto& suspect : suspects_of(run.out, "pi")) {
    remark(verdict, fmt::format("{} is slow: {} of its like", host_named(suspect, "host", host_of),
                                value_of(suspect, "ratio")));
  }
}

/// What links says on stderr of a way that does not work, by its words "FROM to TO".
std::map<std::string, std::string> likely_causes(std::string_view err) {
  constexpr std::string_view mark = "links: ";
  std::map<std::string, std::string> causes;
  std::istringstream lines{std::string(err)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": ", mark.size());
    if (!line.starts_with(mark) || colon == std::string::npos) continue;
    causes[line.substr(mark.size(), colon - mark.size())] = line.substr(colon + 2);
  }
  return causes;
}

/// Where links gives no likely cause.
std::string plain_problem(const std::map<std::string, std::string>& way) {
  if (!way.contains("cause")) return value_of(way, "checksum") + " checksum";
  const std::string& cause = way.at("cause");
  return cause == "no_way_back" ? "not tried, since the way back does not work" : cause;
}

std::vector<LinkFigures> link_figures(const ProgramRun& run,
                                      const std::map<std::string, std::string>& host_of) {
  const auto causes = likely_causes(run.err);
  std::vector<LinkFigures> links;
  for (const auto& way : lines_of(run.out, "links")) {
    if (!way.contains("from") || !way.contains("status")) continue;  // a line of another kind
    LinkFigures link;
    link.from = host_named(way, "from", host_of);
    link.to = host_named(way, "to", host_of);
    if (way.contains("MBps")) {
      link.latency_us = std::strtod(value_of(way, "latency_us").c_str(), nullptr);
      link.mbps = std::strtod(value_of(way, "MBps").c_str(), nullptr);
    }
    if (way.at("status") != "ok") {
      const auto cause = causes.find(fmt::format("{} to {}", way.at("from"), value_of(way, "to")));
      link.problem = cause != causes.end() ? cause->second : plain_problem(way);
      link.too_slow = value_of(way, "cause") == "too_slow";
    }
    links.push_back(std::move(link));
  }
  return links;
}

std::string_view fault_of(const LinkFigures& way) {
  if (way.too_slow) return "too slow a way to";
  return way.mbps > 0 ? "what it sends arrives damaged at" : "no way to";
}

void judge_links(Verdict& verdict, const ProgramRun& run, const std::vector<NodeSlots>& nodes,
                 const std::map<std::string, std::string>& host_of) {
  verdict.links = link_figures(run, host_of);
  for (const LinkFigures& way : verdict.links) {
    if (way.problem.empty()) continue;
    std::string& problem = verdict.hosts[way.from];
    problem +=
        fmt::format("{}{} {}: {}", problem.empty() ? "" : "; ", fault_of(way), way.to, way.problem);
  }
  const auto& figures = verdict.figures;
  const std::uint64_t pairs = number(figures, "pairs");
  if (number(figures, "hosts") != nodes.size()) {
    verdict.summary =
        fmt::format("measured by {} hosts, not {}", number(figures, "hosts"), nodes.size());
    return;
  }
  verdict.ok = run.exit_status == 0 && number(figures, "ok") == 1 && verdict.hosts.empty();
  verdict.summary =
      verdict.ok ? fmt::format("{} ways, {} us, {} MB/s", pairs, value_of(figures, "latency_us"),
                               value_of(figures, "MBps"))
                 : fmt::format("{} of {} ways do not work", number(figures, "failed"), pairs);
  for (const auto& suspect : suspects_of(run.out, "links")) {
    const bool nic = suspect.contains("host");
    remark(verdict, fmt::format("{} is slow: {} times its like",
                                nic ? fmt::format("{} of {}", value_of(suspect, "direction"),
                                                  host_named(suspect, "host", host_of))
                                    : fmt::format("{} to {}", host_named(suspect, "from", host_of),
                                                  host_named(suspect, "to", host_of)),
                                value_of(suspect, "slowdown")));
  }
}

}  // namespace

std::string telling_line(const std::string& text) {
  std::string first;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line.find_first_not_of("- \t\r") == std::string::npos)
      continue;
    line = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    if (line.find(": Warning: ") != std::string::npos) continue;  // mpirun's, of no consequence
    const bool failed =
        line.find("failed") != std::string::npos || line.find("refused") != std::string::npos ||
        line.find("No such file") != std::string::npos || line.find("error") != std::string::npos;
    if (failed) return line;
    if (first.empty()) first = line;
  }
  return first;
}

std::map<std::string, std::string> result_line(std::string_view out, std::string_view program) {
  std::map<std::string, std::string> figures;
  std::istringstream lines{std::string(out)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    if (words >> first >> second && first == "RESULT" && (program.empty() || second == program))
      figures = pairs_of(words);
  }
  return figures;
}

bool crashed_at_its_start(const ProgramRun& run) {
  return run.exit_status != 0 && !run.timed_out &&
         run.err.find("Segmentation fault") != std::string::npos && figures_of(run).empty();
}

Verdict judge(const ProgramRun& run, const std::vector<NodeSlots>& nodes,
              const std::map<std::string, std::string>& host_of, Spread spread) {
  Verdict verdict;
  verdict.program = run.program;
  verdict.via = run.via;
  verdict.seconds = run.seconds;
  verdict.figures = figures_of(run);
  if (run.timed_out) {
    verdict.summary = fmt::format("did not end within {:.0f} s", run.seconds);
    return verdict;
  }
  if (run.exit_status != 0 || verdict.figures.empty()) {
    const std::string said = telling_line(run.err);
    verdict.summary =
        fmt::format("ended with status {}{}{}", run.exit_status, said.empty() ? "" : ": ", said);
    const bool names_hosts = run.program == "hello" || run.program == "links";
    if (!names_hosts || verdict.figures.empty()) return verdict;
  }
  if (run.program == "hello") {
    judge_hello(verdict, lines_of(run.out, "hello"), nodes, host_of, spread);
  } else if (run.program == "helloworld") {
    judge_hello(verdict, greetings_of_mpi4py(run.out), nodes, host_of, spread);
  } else if (run.program == "ringtest") {
    judge_ringtest(verdict, run, nodes);
  } else if (run.program == "ring") {
    judge_ring(verdict, nodes);
  } else if (run.program == "links") {
    judge_links(verdict, run, nodes, host_of);
  } else {
    judge_pi(verdict, run, nodes, host_of);
  }
  return verdict;
}

Speeds measured_speeds(std::string_view out, const std::map<std::string, std::string>& host_of) {
  Speeds speeds;
  for (const auto& [host, sum] : throughput_of(out, host_of))
    speeds[host] = std::round(sum.samples_per_s / sum.ranks);
  return speeds;
}

std::string title_of(const Verdict& verdict) {
  if (verdict.via == "mpirun") return verdict.program;
  if (verdict.via == "slurm") return "Slurm's " + verdict.program;
  return fmt::format("{} by {}", verdict.program, verdict.via);
}

}  // namespace clustermpi
