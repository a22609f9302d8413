#include "provision/ansible_events.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "provision/fleet.hpp"

namespace clustermpi {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& said, const char* key) {
  return said.value(key, std::string());
}

/// "base : Write host names" -> "Write host names".
std::string without_role(const std::string& task) {
  const auto colon = task.find(" : ");
  return colon == std::string::npos ? task : task.substr(colon + 3);
}

/// Checks of a role's arguments happen here, not on the host.
bool is_argument_check(const std::string& task) {
  return without_role(task).starts_with("Validating arguments against arg spec");
}

/// What ssh adds when a connection ends is not what the task said.
bool is_useful(std::string_view line) {
  constexpr std::array noise{"Shared connection to ", "Connection to ",
                             "Warning: Permanently added "};
  for (const std::string_view start : noise) {
    if (line.starts_with(start)) return false;
  }
  return line.find_first_not_of(" \t\r") != std::string_view::npos;
}

std::string last_useful_line(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::string last;
  while (std::getline(lines, line)) {
    if (is_useful(line)) last = line.substr(0, line.find_last_not_of(" \t\r") + 1);
  }
  return last;
}

/// What failed, in the words of whoever knows best: the module, else the program that it ran.
std::string words_of_failure(const Json& said) {
  const std::string message = text_of(said, "msg");
  const bool says_nothing =
      message.empty() || message == "non-zero return code" || message.starts_with("MODULE FAILURE");
  if (!says_nothing) return last_useful_line(message.substr(0, message.find('\n')));
  for (const char* stream : {"stderr", "module_stderr", "stdout", "module_stdout"}) {
    if (std::string line = last_useful_line(text_of(said, stream)); !line.empty()) return line;
  }
  return message.empty() ? text_of(said, "censored") : message;
}

std::string for_log(const std::string& event, const Json& said) {
  std::string line = event;
  for (const char* key : {"host", "play", "task"}) {
    if (said.contains(key)) line += fmt::format(" {}", text_of(said, key));
  }
  if (said.contains("paths")) line += " " + said["paths"].dump();
  if (said.contains("hosts")) line += " " + said["hosts"].dump();
  for (const char* key : {"msg", "stderr", "module_stderr", "stdout", "module_stdout"}) {
    if (said.contains(key)) line += fmt::format("\n  {}: {}", key, text_of(said, key));
  }
  return printable(line);
}

}  // namespace

AnsibleEvents::AnsibleEvents(const std::vector<std::string>& hosts, std::filesystem::path log,
                             Reporter& reporter)
    : log_(std::move(log)), reporter_(reporter) {
  for (const std::string& host : hosts) hosts_[host];
}

std::string AnsibleEvents::read(std::string_view line) {
  try {
    const Json said = Json::parse(line);
    const std::string event = said.at("event").get<std::string>();
    if (event == "play") {
      began_ = true;
    } else if (event == "recap") {
      on_recap(said.at("hosts"));
    } else if (said.contains("host")) {
      on_result(event, said);
    }
    return for_log(event, said);
  } catch (const Json::exception&) {
    return printable(line);
  }
}

void AnsibleEvents::on_result(const std::string& event, const Json& said) {
  const std::string host = said.at("host").get<std::string>();
  const std::string task = printable(without_role(said.at("task").get<std::string>()));
  const auto known = hosts_.find(host);
  if (known == hosts_.end()) return;
  if (event == "start" && !is_argument_check(task)) progress(host, task);
  if (event == "changed") known->second.changes.push_back(task);
  if (event == "failed" || event == "unreachable") {
    known->second.error = HostError{event == "failed" ? "install_failed" : "unreachable",
                                    fmt::format("{}: {}", task, printable(words_of_failure(said))),
                                    fmt::format("the full output is in {}", log_.string())};
  }
}

void AnsibleEvents::on_recap(const Json& hosts) {
  for (auto& [name, host] : hosts_) {
    const auto counters = hosts.find(name);
    if (counters == hosts.end()) continue;
    host.ok = counters->value("ok", 0U);
    host.changed = counters->value("changed", 0U);
    host.finished = counters->value("failures", 0U) == 0 && counters->value("unreachable", 0U) == 0;
  }
}

void AnsibleEvents::progress(const std::string& host, const std::string& text) {
  Event event;
  event.kind = Event::Kind::progress;
  event.host = host;
  event.text = text;
  reporter_.on(event);
}

std::map<std::string, PlaybookHost> AnsibleEvents::finish(int exit_status) && {
  for (auto& [name, host] : hosts_) {
    if (host.finished || host.error) continue;
    host.error =
        HostError{"install_failed",
                  fmt::format("Ansible ended with status {} and did not say what became of {}",
                              exit_status, name),
                  fmt::format("see {}, then run the same command again", log_.string())};
  }
  return std::move(hosts_);
}

}  // namespace clustermpi
