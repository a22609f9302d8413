#include "provision/openssh_answer.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

#include "hosts/error.hpp"

namespace fs = std::filesystem;

namespace clustermpi {
namespace {

constexpr std::array keywords = {"addressfamily",         "certificatefile",
                                 "connecttimeout",        "globalknownhostsfile",
                                 "hostkeyalias",          "hostname",
                                 "identitiesonly",        "identityagent",
                                 "identityfile",          "port",
                                 "proxycommand",          "proxyjump",
                                 "proxyusefdpass",        "revokedhostkeys",
                                 "stricthostkeychecking", "user",
                                 "userknownhostsfile"};

/// Keyword -> its values, in the order printed.
using Answer = std::map<std::string, std::vector<std::string>, std::less<>>;

Answer read_answer(std::string_view text) {
  Answer answer;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t blank = std::min(line.find(' '), line.size());
    if (is_ssh_setting(line.substr(0, blank)))
      answer[std::string(line.substr(0, blank))].emplace_back(
          line.substr(std::min(blank + 1, line.size())));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return answer;
}

/// "none" is OpenSSH's word for nothing.
std::string value_of(const Answer& answer, std::string_view keyword) {
  const auto found = answer.find(keyword);
  if (found == answer.end() || found->second.front() == "none") return {};
  return found->second.front();
}

std::string sha1(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    throw Error(ExitCode::local_failure, "the OpenSSL library refuses to compute SHA-1");
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string environment(const std::string& name, const std::string& asked_by) {
  if (const char* value = std::getenv(name.c_str())) return value;
  throw Error(ExitCode::local_failure,
              fmt::format("ssh's configuration for {} names the environment variable {}, which is "
                          "not set",
                          asked_by, name),
              "set it, or write the value into ~/.ssh/config");
}

/// ssh_config(5), TOKENS, for one host.
class Tokens {
 public:
  Tokens(const SshQuestion& question, const HostSettings& settings, const LocalUser& user)
      : host_(question.name), home_(user.home) {
    const std::string port = std::to_string(settings.port);
    values_ = {{'%', "%"},
               {'h', settings.address},
               {'p', port},
               {'r', settings.user},
               {'n', question.name},
               {'k', settings.host_key_alias.empty() ? question.name : settings.host_key_alias},
               {'d', user.home.string()},
               {'u', user.name},
               {'i', std::to_string(user.id)},
               {'l', user.host_name},
               {'L', user.host_name.substr(0, user.host_name.find('.'))},
               {'C', sha1(user.host_name + settings.address + port + settings.user)}};
  }

  [[nodiscard]] std::string fill(std::string_view text) const {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out += text[i];
        continue;
      }
      const char token = ++i < text.size() ? text[i] : ' ';
      const auto value = values_.find(token);
      if (value == values_.end())
        throw Error(
            ExitCode::local_failure,
            fmt::format("ssh's configuration for {} has an unknown token in {}", host_, text),
            "ssh_config(5) lists them under TOKENS; a plain % is %%");
      out += value->second;
    }
    return out;
  }

  /// "~", tokens and "${VARIABLE}".
  [[nodiscard]] fs::path path(std::string_view text) const {
    return fill_environment(fill(with_home(text).string()));
  }

  /// "~" only: where ssh printed the rest filled in.
  [[nodiscard]] fs::path with_home(std::string_view text) const {
    if (text == "~") return home_;
    return text.starts_with("~/") ? home_ / text.substr(2) : fs::path(text);
  }

 private:
  [[nodiscard]] std::string fill_environment(std::string text) const {
    for (std::size_t begin = 0; (begin = text.find("${", begin)) != std::string::npos;) {
      const std::size_t end = text.find('}', begin);
      if (end == std::string::npos) break;
      const std::string value = environment(text.substr(begin + 2, end - begin - 2), host_);
      text.replace(begin, end + 1 - begin, value);
      begin += value.size();
    }
    return text;
  }

  std::string host_;
  fs::path home_;
  std::map<char, std::string> values_;
};

std::vector<fs::path> paths(const Answer& answer, std::string_view keyword, const Tokens& tokens) {
  std::vector<fs::path> found;
  const auto values = answer.find(keyword);
  if (values == answer.end()) return found;
  for (const std::string& value : values->second)
    if (value != "none") found.push_back(tokens.path(value));
  return found;
}

/// ssh prints a list with blanks between, and does not quote those inside a name.
std::vector<fs::path> known_hosts(const Answer& answer, std::string_view keyword,
                                  const Tokens& tokens) {
  std::vector<fs::path> found;
  const std::string all = value_of(answer, keyword);
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find(' ', begin), all.size());
    if (end > begin) found.push_back(tokens.with_home(all.substr(begin, end - begin)));
    begin = end + 1;
  }
  return found;
}

/// IdentityAgent; where it says nothing, the agent of $SSH_AUTH_SOCK.
std::string agent_of(const Answer& answer, const SshQuestion& question, const Tokens& tokens) {
  const auto found = answer.find("identityagent");
  const std::string agent = found == answer.end() ? "SSH_AUTH_SOCK" : found->second.front();
  if (agent == "none") return {};
  if (agent == "SSH_AUTH_SOCK") {
    const char* socket = std::getenv("SSH_AUTH_SOCK");
    return socket != nullptr ? socket : "";
  }
  if (agent.starts_with('$')) return environment(agent.substr(1), question.name);
  return tokens.with_home(agent).string();
}

}  // namespace

LocalUser local_user() {
  const passwd* entry = ::getpwuid(::getuid());
  std::array<char, 256> name{};
  if (entry == nullptr || ::gethostname(name.data(), name.size() - 1) != 0)
    throw Error(ExitCode::local_failure,
                fmt::format("the user with the number {} is not known on this machine", ::getuid()),
                "ssh needs to know them too: see `getent passwd`");
  return {entry->pw_name, ::getuid(), entry->pw_dir, name.data()};
}

bool is_ssh_setting(std::string_view keyword) {
  return std::ranges::find(keywords, keyword) != keywords.end();
}

HostSettings read_settings(std::string_view text, const SshQuestion& question,
                           const LocalUser& user) {
  const Answer answer = read_answer(text);
  HostSettings settings;
  settings.address = value_of(answer, "hostname");
  settings.port = static_cast<std::uint16_t>(std::stoul("0" + value_of(answer, "port")));
  settings.user = value_of(answer, "user");
  settings.host_key_alias = value_of(answer, "hostkeyalias");
  const Tokens tokens(question, settings, user);
  settings.identities = paths(answer, "identityfile", tokens);
  settings.certificates = paths(answer, "certificatefile", tokens);
  settings.identities_only = value_of(answer, "identitiesonly") == "yes";
  settings.agent = agent_of(answer, question, tokens);
  settings.proxy_jump = tokens.fill(value_of(answer, "proxyjump"));
  settings.proxy_command = tokens.fill(value_of(answer, "proxycommand"));
  settings.proxy_passes_socket =
      !settings.proxy_command.empty() && value_of(answer, "proxyusefdpass") == "yes";
  settings.user_known_hosts = known_hosts(answer, "userknownhostsfile", tokens);
  settings.global_known_hosts = known_hosts(answer, "globalknownhostsfile", tokens);
  settings.revoked_host_keys = tokens.with_home(value_of(answer, "revokedhostkeys"));
  const std::string strict = value_of(answer, "stricthostkeychecking");
  settings.strict = strict == "true" || strict == "yes";
  settings.address_family = value_of(answer, "addressfamily");
  if (const auto seconds = std::stoul("0" + value_of(answer, "connecttimeout")); seconds > 0)
    settings.connect_timeout = std::chrono::seconds(seconds);
  return settings;
}

}  // namespace clustermpi
