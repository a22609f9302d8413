#include "provision/openssh_settings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <nlohmann/json.hpp>
#include <thread>

#include "hosts/error.hpp"
#include "hosts/names.hpp"
#include "hosts/writers.hpp"
#include "provision/files.hpp"
#include "provision/fleet.hpp"
#include "provision/host_patterns.hpp"
#include "provision/process.hpp"

namespace fs = std::filesystem;

namespace clustermpi {
namespace {

using Json = nlohmann::json;

constexpr std::string_view cache_name = "ssh_settings.json";
constexpr std::string_view default_global_known_hosts =
    "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2";

/// What the user's configuration names, taken together; a name under one Host line only counts for
/// all.
std::string other_known_hosts(const SshConfigScan& scan) {
  if (scan.global_known_hosts.empty()) return std::string(default_global_known_hosts);
  std::vector<std::string> named = scan.global_known_hosts;
  std::erase(named, "none");
  return fmt::format("{}", fmt::join(named, " "));
}

/// The file that ssh is asked about; it goes when the asking is over.
class QuestionFile {
 public:
  QuestionFile(const Workspace& workspace, const std::string& text)
      : path_(workspace.path(fmt::format("ssh_question.{}", ::getpid()))) {
    workspace.create();
    write_file(path_, text, 0600);
  }
  ~QuestionFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  QuestionFile(const QuestionFile&) = delete;
  QuestionFile& operator=(const QuestionFile&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::vector<std::string> command_line(const SshQuestion& question, const fs::path& file) {
  std::vector<std::string> command{"ssh", "-T", "-G", "-F", file.string()};
  if (!question.user.empty()) command.insert(command.end(), {"-l", question.user});
  if (question.port) command.insert(command.end(), {"-p", std::to_string(*question.port)});
  if (!question.jump.empty()) command.insert(command.end(), {"-J", question.jump});
  command.push_back(question.name);
  return command;
}

/// The lines of an answer that settings are read from: it has a hundred others.
std::string what_we_read(std::string_view answer) {
  std::string out;
  while (!answer.empty()) {
    const std::size_t end = std::min(answer.find('\n'), answer.size());
    const std::string_view line = answer.substr(0, end);
    if (is_ssh_setting(line.substr(0, line.find(' ')))) out.append(line).append("\n");
    answer.remove_prefix(std::min(end + 1, answer.size()));
  }
  return out;
}

/// ssh's first word on what is wrong; the lines that follow count mistakes.
std::string complaint(const ProcessResult& result) {
  const std::string line = result.err.substr(0, result.err.find_first_of("\r\n"));
  return line.empty() ? fmt::format("it ended with status {}", result.exit_status) : line;
}

Json to_json(const SshQuestion& question) {
  return {question.name, question.user, question.port.value_or(0), question.jump};
}

SshQuestion question_of(const Json& json) {
  SshQuestion question{json.at(0), json.at(1), {}, json.at(3)};
  if (const auto port = json.at(2).get<std::uint16_t>(); port != 0) question.port = port;
  return question;
}

}  // namespace

std::vector<fs::path> ssh_config_files(const LocalUser& user) {
  std::vector<fs::path> files{user.home / ".ssh" / "config", "/etc/ssh/ssh_config"};
  std::erase_if(files, [](const fs::path& file) {
    std::error_code ignored;
    return !fs::exists(file, ignored);
  });
  return files;
}

std::string render_ssh_config(const Inventory& inventory, const Workspace& workspace,
                              const LocalUser& user, const std::vector<fs::path>& files) {
  return ssh_config(inventory, {user.home, files, fs::absolute(workspace.known_hosts()),
                                other_known_hosts(scan_ssh_config(files, user.home))});
}

OpensshSettings::OpensshSettings(const Inventory& inventory, const Workspace& workspace,
                                 LocalUser user, const std::vector<fs::path>& files,
                                 CancelToken& cancel)
    : inventory_(inventory),
      hops_(inventory.jump.empty() ? std::vector<JumpHop>{} : parse_jump(inventory.jump)),
      workspace_(workspace),
      user_(std::move(user)),
      cancel_(cancel),
      scan_(scan_ssh_config(files, user_.home)),
      text_(ssh_config(inventory, {user_.home, files, {}, {}})) {
  load_answers();
}

std::vector<HostSettings> OpensshSettings::of(const std::vector<const Host*>& hosts) {
  std::map<std::string, const Host*> spokesmen;  // one for all that are alike
  std::vector<const Host*> spokesman_of;
  std::vector<SshQuestion> questions;
  for (const Host* host : hosts) {
    const auto [kind, is_new] = spokesmen.try_emplace(told_apart_by(*host), host);
    spokesman_of.push_back(kind->second);
    if (is_new) questions.push_back({host->name});
  }
  ask(questions);

  std::map<const Host*, HostSettings> answers;
  for (const auto& [kind, host] : spokesmen) answers.emplace(host, of(SshQuestion{host->name}));
  std::vector<HostSettings> result;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    // Where tokens would put names into other settings, each host speaks for itself.
    HostSettings& settings = result.emplace_back(answers.at(spokesman_of[i]));
    if (settings.address == lower_case(spokesman_of[i]->address))
      settings.address = lower_case(hosts[i]->address);
  }
  return result;
}

HostSettings OpensshSettings::of(const SshQuestion& question) {
  ask({question});
  return read_settings(answers_.at(question), question, user_);
}

/// Hosts for which this is equal get the same answer but for their names.
std::string OpensshSettings::told_apart_by(const Host& host) const {
  const bool has_address = host.address != host.name;
  const std::string name = lower_case(host.name);
  const std::string address = lower_case(host.address);
  bool alone = scan_.each_host_alone;
  // Called by a name that a HostName gives: the answer would not say whether it is by that.
  alone = alone || (!has_address && scan_.host_names.contains(name));
  for (const JumpHop& hop : hops_)
    alone = alone || lower_case(hop.host) == name || lower_case(hop.host) == address;
  if (alone) return "name " + host.name;
  std::string key = fmt::format("{} {} {} ", host.user, host.port.value_or(0), has_address);
  for (const auto& patterns : scan_.host_lines) {
    key += matches_patterns(patterns, host.name) ? '1' : '0';
    key += matches_patterns(patterns, name) ? '1'
                                            : '0';  // versions differ in which of the two they try
  }
  return key;
}

/// What is not known yet is asked for, and then known.
void OpensshSettings::ask(std::vector<SshQuestion> questions) {
  std::erase_if(questions, [&](const SshQuestion& known) { return answers_.contains(known); });
  if (questions.empty()) return;
  const QuestionFile file(workspace_, text_);
  std::vector<std::string> texts(questions.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> failures(questions.size());
  const auto work = [&] {
    for (std::size_t i = next++; i < questions.size(); i = next++) {
      try {
        texts[i] = run_ssh(questions[i], file.path());
      } catch (...) {
        failures[i] = std::current_exception();
        next = questions.size();
      }
    }
  };
  {
    std::vector<std::jthread> helpers;  // and we ourselves: one question is no reason for a thread
    const std::size_t cores = std::clamp(std::thread::hardware_concurrency(), 1U, 16U);
    while (helpers.size() + 1 < std::min(cores, questions.size())) helpers.emplace_back(work);
    work();
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  times_asked_ += questions.size();
  for (std::size_t i = 0; i < questions.size(); ++i)
    answers_.emplace(std::move(questions[i]), std::move(texts[i]));
  if (!scan_.fleeting) save_answers();
}

std::string OpensshSettings::run_ssh(const SshQuestion& question, const fs::path& file) const {
  ProcessOptions options;
  options.cancel = &cancel_;
  const ProcessResult result = run_process(command_line(question, file), options);
  if (result.cancelled || cancel_.cancelled())
    throw Error(ExitCode::interrupted, "interrupted", "run the same command again to go on");
  if (!result.ok())
    throw Error(ExitCode::local_failure,
                fmt::format("ssh refuses its configuration for {}: {}", question.name,
                            printable(complaint(result))),
                "put that right; `ssh -G " + question.name + "` shows when it is");
  return what_we_read(result.out);
}

/// Of all that the answers depend on.
std::string OpensshSettings::digest() const {
  std::string all =
      fmt::format("{}\n{}\n{}\n{}\n", user_.name, user_.id, user_.home.string(), user_.host_name);
  if (const auto program = find_program("ssh")) {
    std::error_code ignored;
    all += fmt::format("{} {} {}\n", program->string(), fs::file_size(*program, ignored),
                       fs::last_write_time(*program, ignored).time_since_epoch().count());
  }
  const auto add = [&](const std::string& path, const std::string& text) {
    all += fmt::format("{} {} {}\n{}", path.size(), text.size(), path, text);
  };
  add("", text_);
  for (const auto& [path, text] : scan_.files) add(path.string(), text);
  return sha256(all);
}

void OpensshSettings::load_answers() {
  if (scan_.fleeting) return;
  try {
    const auto text = read_file_if_exists(workspace_.path(cache_name));
    if (!text) return;
    const Json kept = Json::parse(*text);
    if (kept.at("of") != digest()) return;
    for (const Json& entry : kept.at("answers"))
      answers_.emplace(question_of(entry.at("question")), entry.at("answer").get<std::string>());
  } catch (const std::exception&) {  // it can be had again
    answers_.clear();
  }
}

void OpensshSettings::save_answers() const {
  Json answers = Json::array();
  for (const auto& [question, answer] : answers_)
    answers.push_back({{"question", to_json(question)}, {"answer", answer}});
  write_file(workspace_.path(cache_name),
             Json{{"of", digest()}, {"answers", std::move(answers)}}.dump(1) + "\n", 0600);
}

}  // namespace clustermpi
