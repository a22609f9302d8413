#include "hosts/slurm_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

namespace clustermpi {

namespace {

/// `count` fields of a line; the last takes the rest, separators and all.
std::vector<std::string> fields_of(std::string_view line, std::size_t count) {
  std::vector<std::string> fields;
  while (fields.size() + 1 < count) {
    const std::size_t bar = line.find('|');
    fields.emplace_back(line.substr(0, bar));
    line = bar == std::string_view::npos ? std::string_view{} : line.substr(bar + 1);
  }
  fields.emplace_back(line);
  return fields;
}

void take_node(SlurmState& state, std::string_view value) {
  const auto fields = fields_of(value, 5);
  SlurmNode node;
  std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), node.cpus);
  const std::size_t letters = fields[2].find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
  node.state = fields[2].substr(0, letters);
  if (letters != std::string::npos) node.marks = fields[2].substr(letters);
  if (fields[4] != "none") {
    node.reason = fields[4];
    node.who = fields[3];
  }
  state.nodes[fields[0]] = node;
}

void take_job(SlurmState& state, std::string_view value) {
  const auto fields = fields_of(value, 5);
  state.jobs.push_back({fields[0], fields[1], fields[3], fields[4]});
}

}  // namespace

SlurmState parse_slurm_state(std::string_view text) {
  SlurmState state;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = line.substr(0, equals);
    const std::string value = line.substr(equals + 1, line.find_last_not_of(' ') - equals);
    if (key == "missing") state.installed = false;
    if (key == "ping") {
      // "Slurmctld(primary) at red is UP", and a line more for a backup.
      state.up = value.find(" is UP") != std::string::npos;
      if (!state.up) state.trouble = value;
    }
    if (key == "said" && state.trouble.empty()) state.trouble = value;
    if (key == "node") take_node(state, value);
    if (key == "job") take_job(state, value);
    if (key == "end") state.complete = true;
  }
  return state;
}

NodeUse use_of(const SlurmNode& node) {
  static const std::set<std::string> busy{"allocated", "mixed", "completing", "planned"};
  static const std::set<std::string> settling{"unknown", "future", "powering_up", "booting"};
  if (settling.contains(node.state) || node.marks.find('#') != std::string::npos)
    return NodeUse::settling;
  if (node.marks.find('*') != std::string::npos) return NodeUse::out;  // does not respond
  if (busy.contains(node.state)) return NodeUse::busy;
  return node.state == "idle" ? NodeUse::idle : NodeUse::out;
}

std::vector<NodeSlots> slots_in_slurm(const std::vector<NodeSlots>& nodes,
                                      const SlurmState& state) {
  std::vector<NodeSlots> usable;
  for (NodeSlots node : nodes) {
    const auto known = state.nodes.find(node.host);
    if (known == state.nodes.end()) continue;
    node.slots = std::min(node.slots, known->second.cpus);
    usable.push_back(std::move(node));
  }
  return usable;
}

std::string jobs_text(const SlurmState& state) {
  std::string text;
  for (const SlurmJob& job : state.jobs) {
    text += fmt::format("{}job {} of {} ({}) on {}", text.empty() ? "" : ", ", job.id, job.user,
                        job.name, job.nodes);
  }
  return text;
}

}  // namespace clustermpi
