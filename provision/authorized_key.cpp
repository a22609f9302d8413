#include "provision/authorized_key.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <sstream>

#include "hosts/error.hpp"
#include "provision/files.hpp"
#include "provision/process.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

fs::path public_half(const fs::path& key) {
  return key.extension() == ".pub" ? key : fs::path(key.string() + ".pub");
}

/// The first line, which is to be "TYPE BASE64 [COMMENT]".
AuthorizedKey checked(const std::string& text, const std::string& from) {
  const std::string line = text.substr(0, text.find_first_of("\r\n"));
  std::istringstream words(line);
  std::string type;
  std::string blob;
  words >> type >> blob;
  // Every key begins with the length of its type's name: three zero bytes.
  if (!blob.starts_with("AAAA")) {
    throw Error(ExitCode::local_failure, fmt::format("{} is no public key", from),
                "name the key with --key FILE");
  }
  return {line, from};
}

AuthorizedKey computed(const fs::path& key) {
  // The empty passphrase keeps ssh-keygen from asking for one.
  const ProcessResult asked = run_process({"ssh-keygen", "-y", "-P", "", "-f", key.string()});
  if (!asked.ok()) {
    throw Error(ExitCode::local_failure,
                fmt::format("{} is missing, and {} does not give it without a passphrase",
                            public_half(key).string(), key.string()),
                fmt::format("write it: ssh-keygen -y -f {0} > {0}.pub", key.string()));
  }
  return checked(asked.out, key.string());
}

AuthorizedKey read_key(const fs::path& key) {
  const fs::path file = public_half(key);
  if (const auto text = read_file_if_exists(file)) return checked(*text, file.string());
  if (fs::exists(key)) return computed(key);
  throw Error(ExitCode::local_failure, fmt::format("there is no key {}", key.string()),
              fmt::format("make one: ssh-keygen -t ed25519 -f {}", key.string()));
}

std::optional<AuthorizedKey> key_of_agent() {
  const char* agent = std::getenv("SSH_AUTH_SOCK");
  if (agent == nullptr || *agent == '\0') return {};
  ProcessOptions options;
  options.timeout = 5s;
  const ProcessResult asked = run_process({"ssh-add", "-L"}, options);
  if (!asked.ok()) return {};
  return checked(asked.out, "the key that ssh-agent holds");
}

}  // namespace

std::optional<AuthorizedKey> find_authorized_key(const fs::path& identity) {
  if (!identity.empty()) return read_key(expand_home(identity.string()));
  for (const char* name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
    const fs::path key = expand_home("~/.ssh") / name;
    if (fs::exists(key)) return read_key(key);
  }
  return key_of_agent();
}

AuthorizedKey make_authorized_key() {
  const fs::path key = expand_home("~/.ssh/id_ed25519");
  std::error_code error;
  fs::create_directory(key.parent_path(), error);
  if (!error) fs::permissions(key.parent_path(), fs::perms::owner_all, error);
  const ProcessResult made =
      run_process({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.string()});
  if (!made.ok()) {
    throw Error(ExitCode::local_failure,
                fmt::format("ssh-keygen cannot make {}: {}", key.string(), made.err));
  }
  return read_key(key);
}

}  // namespace clustermpi
