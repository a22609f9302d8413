#include "hosts/sweep.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "hosts/error.hpp"

namespace clustermpi {

namespace {

constexpr unsigned most_ranks = 1'000'000;
constexpr std::size_t most_points = 100'000;

bool begins_name(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view text) {
  return !text.empty() && begins_name(text.front()) &&
         std::ranges::all_of(text, [](char c) { return begins_name(c) || (c >= '0' && c <= '9'); });
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == text.size()) return parts;
    begin = end + 1;
  }
}

/// 0 where it is no number from 1 to most_ranks.
unsigned rank_count(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number <= most_ranks ? number
                                                                                          : 0;
}

/// "4", "4-8" or "4-8/2".
void add_counts(const std::string& part, const std::string& list, std::set<unsigned>& counts) {
  const std::size_t dash = part.find('-');
  const std::size_t slash = dash == std::string::npos ? dash : part.find('/', dash);
  const unsigned first = rank_count(part.substr(0, dash));
  const unsigned last =
      dash == std::string::npos ? first : rank_count(part.substr(dash + 1, slash - dash - 1));
  const unsigned step = slash == std::string::npos ? 1 : rank_count(part.substr(slash + 1));
  if (first == 0 || last < first || step == 0 || (last - first) / step >= most_points) {
    throw Error(ExitCode::usage, fmt::format("-n {}: '{}' is no number of ranks", list, part),
                "as in -n 1,2,4-8 or -n 2-16/2");
  }
  for (unsigned count = first; count <= last; count += step) counts.insert(count);
}

}  // namespace

std::vector<std::string> names_of(const std::map<std::string, std::string>& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  return names;
}

std::vector<unsigned> parse_rank_counts(const std::string& list) {
  std::set<unsigned> counts;
  for (const std::string& part : split(list, ',')) add_counts(part, list, counts);
  return {counts.begin(), counts.end()};
}

std::vector<unsigned> doubling_rank_counts(unsigned most) {
  std::vector<unsigned> counts;
  for (unsigned count = 1; count < most; count *= 2) counts.push_back(count);
  counts.push_back(most);
  return counts;
}

SweepParameter parse_sweep_parameter(const std::string& text) {
  const std::size_t equals = text.find('=');
  SweepParameter parameter{text.substr(0, equals), {}};
  const std::string hint = "as in --with size=1000,2000";
  const auto refuse = [&](std::string_view why) {
    throw Error(ExitCode::usage, fmt::format("--with {}: {}", text, why), hint);
  };
  if (equals == std::string::npos || !is_name(parameter.name))
    refuse("it takes a name of letters, digits and underscores, and values");
  if (parameter.name == "np") refuse("np is what -n gives");
  for (std::string& value : split(text.substr(equals + 1), ',')) {
    if (value.empty()) refuse("a value is missing");
    if (value.find('\n') != std::string::npos) refuse("a value cannot have several lines");
    if (std::ranges::find(parameter.values, value) != parameter.values.end())
      refuse(fmt::format("{} is there twice; --repeat runs each point several times", value));
    parameter.values.push_back(std::move(value));
  }
  return parameter;
}

std::vector<SweepPoint> sweep_points(const std::vector<unsigned>& counts,
                                     const std::vector<SweepParameter>& parameters,
                                     unsigned repetitions) {
  std::set<std::string> names;
  std::size_t size = counts.size() * repetitions;
  for (const SweepParameter& parameter : parameters) {
    if (!names.insert(parameter.name).second)
      throw Error(ExitCode::usage, fmt::format("--with {}: it is given twice", parameter.name),
                  "all values of a parameter belong into one --with, with commas between");
    size *= parameter.values.size();
    if (size > most_points) break;
  }
  if (size > most_points)
    throw Error(ExitCode::usage, fmt::format("the grid has more than {} points", most_points),
                "give fewer numbers of ranks, values or repetitions");

  std::vector<ParameterValues> combinations{{}};
  for (const SweepParameter& parameter : parameters) {
    std::vector<ParameterValues> longer;
    for (const ParameterValues& combination : combinations) {
      for (const std::string& value : parameter.values) {
        longer.push_back(combination);
        longer.back().emplace(parameter.name, value);
      }
    }
    combinations = std::move(longer);
  }
  std::vector<SweepPoint> points;
  points.reserve(size);
  for (unsigned repetition = 1; repetition <= repetitions; ++repetition)
    for (const ParameterValues& combination : combinations)
      for (const unsigned np : counts) points.push_back({np, combination, repetition});
  return points;
}

namespace {

/// The name in braces that begins at `text[at]`, `{`, or empty where there is none.
std::string_view braced_name(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('}', at);
  if (end == std::string_view::npos) return {};
  const std::string_view name = text.substr(at + 1, end - at - 1);
  return is_name(name) ? name : std::string_view();
}

std::string value_of(std::string_view name, const std::string& word, const SweepPoint& point) {
  if (name == "np") return std::to_string(point.np);
  if (const auto found = point.values.find(std::string(name)); found != point.values.end())
    return found->second;
  throw Error(ExitCode::usage,
              fmt::format("{{{}}} in '{}': there is no such parameter", name, word),
              fmt::format("give it values: --with {0}=V1,V2; or write {{{{{0}}}}} for the word "
                          "itself",
                          name));
}

std::string filled(const std::string& word, const SweepPoint& point) {
  std::string text;
  for (std::size_t at = 0; at < word.size();) {
    const std::string_view rest = std::string_view(word).substr(at);
    const std::string_view kept = rest.starts_with("{{") ? braced_name(rest, 1) : "";
    const std::string_view name = rest.front() == '{' ? braced_name(rest, 0) : "";
    if (!kept.empty() && rest.substr(kept.size() + 2).starts_with("}}")) {
      text += fmt::format("{{{}}}", kept);
      at += kept.size() + 4;
    } else if (!name.empty()) {
      text += value_of(name, word, point);
      at += name.size() + 2;
    } else {
      text += word[at++];
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> fill_in(const std::vector<std::string>& words, const SweepPoint& point) {
  std::vector<std::string> texts;
  texts.reserve(words.size());
  for (const std::string& word : words) texts.push_back(filled(word, point));
  return texts;
}

std::string name_of(const SweepPoint& point) {
  std::string text = fmt::format("np {}", point.np);
  for (const auto& [name, value] : point.values) text += fmt::format(", {} {}", name, value);
  if (point.repetition > 1) text += fmt::format(", repetition {}", point.repetition);
  return text;
}

// ------------------------------------------------------------------------------ what is kept

std::string difference(const SweepDefinition& kept, const SweepDefinition& asked) {
  const auto another = [](std::string_view what, const std::vector<std::string>& words,
                          std::string_view between) {
    return fmt::format("another {}: {}", what,
                       words.empty() ? "none" : fmt::format("{}", fmt::join(words, between)));
  };
  if (kept.command != asked.command) return another("command", kept.command, " ");
  if (kept.parameters != asked.parameters)
    return another("set of parameters", kept.parameters, ", ");
  if (names_of(kept.environment) != names_of(asked.environment))
    return another("environment", names_of(kept.environment), ", ");
  for (const auto& [name, digest] : kept.environment)
    if (asked.environment.at(name) != digest) return fmt::format("another value of {}", name);
  if (kept.via != asked.via) return fmt::format("another way: {}", kept.via);
  if (kept.placement != asked.placement) return another("placement", kept.placement, ", ");
  if (kept.hosts != asked.hosts) return another("set of hosts and slots", kept.hosts, ", ");
  if (kept.mpi != asked.mpi) return fmt::format("another MPI: {}", kept.mpi);
  if (kept.source != asked.source) return "another source of its program";
  return {};
}

void to_json(nlohmann::json& json, const SweepDefinition& definition) {
  json = {{"command", definition.command},
          {"parameters", definition.parameters},
          {"environment", definition.environment},
          {"via", definition.via},
          {"placement", definition.placement},
          {"hosts", definition.hosts},
          {"mpi", definition.mpi},
          {"source", definition.source}};
}

void from_json(const nlohmann::json& json, SweepDefinition& definition) {
  json.at("command").get_to(definition.command);
  json.at("parameters").get_to(definition.parameters);
  json.at("environment").get_to(definition.environment);
  json.at("via").get_to(definition.via);
  json.at("placement").get_to(definition.placement);
  json.at("hosts").get_to(definition.hosts);
  json.at("mpi").get_to(definition.mpi);
  json.at("source").get_to(definition.source);
}

void to_json(nlohmann::json& json, const SweepRun& run) {
  json = {{"np", run.point.np},
          {"values", run.point.values},
          {"repetition", run.point.repetition},
          {"wall_seconds", run.wall_seconds},
          {"exit_status", run.exit_status},
          {"figures", run.figures}};
  if (!run.fault.empty()) json["fault"] = run.fault;
}

void from_json(const nlohmann::json& json, SweepRun& run) {
  json.at("np").get_to(run.point.np);
  json.at("values").get_to(run.point.values);
  json.at("repetition").get_to(run.point.repetition);
  json.at("wall_seconds").get_to(run.wall_seconds);
  json.at("exit_status").get_to(run.exit_status);
  json.at("figures").get_to(run.figures);
  run.fault = json.value("fault", "");
}

namespace {

std::string line_of(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string definition_line(const SweepDefinition& definition) {
  return line_of({{"sweep", definition}});
}

std::string run_line(const SweepRun& run) {
  return line_of(run);
}

SweepRecord parse_sweep_record(std::string_view text) {
  SweepRecord record;
  std::size_t number = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', record.whole_size)) {
    ++number;
    try {
      const auto json =
          nlohmann::json::parse(text.substr(record.whole_size, end - record.whole_size));
      if (number == 1) {
        record.definition = json.at("sweep").get<SweepDefinition>();
      } else {
        record.runs.push_back(json.get<SweepRun>());
      }
    } catch (const nlohmann::json::exception&) {
      throw std::invalid_argument(fmt::format("line {} cannot be read", number));
    }
    record.whole_size = end + 1;
  }
  return record;
}

std::vector<SweepRun> runs_of(const std::vector<SweepPoint>& points,
                              const std::vector<SweepRun>& runs) {
  std::map<SweepPoint, const SweepRun*> best;
  for (const SweepRun& run : runs) {
    const SweepRun*& known = best[run.point];
    if (known == nullptr || run.ok() || !known->ok()) known = &run;
  }
  std::vector<SweepRun> found;
  for (const SweepPoint& point : points)
    if (const auto at = best.find(point); at != best.end()) found.push_back(*at->second);
  return found;
}

std::vector<SweepPoint> outstanding(const std::vector<SweepPoint>& points,
                                    const std::vector<SweepRun>& runs) {
  std::set<SweepPoint> done;
  for (const SweepRun& run : runs)
    if (run.ok()) done.insert(run.point);
  std::vector<SweepPoint> left;
  for (const SweepPoint& point : points)
    if (!done.contains(point)) left.push_back(point);
  return left;
}

}  // namespace clustermpi
