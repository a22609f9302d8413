#include "provision/private_agent.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "hosts/error.hpp"
#include "provision/files.hpp"

namespace fs = std::filesystem;

namespace clustermpi {

namespace {

using namespace std::chrono_literals;

/// The system forgets a wish to be told of our death when ssh-agent starts, which is set-group-ID:
/// this shell learns of it by the end of its stdin.
constexpr const char* agent_until_end_of_input =
    "ssh-agent -D -a \"$1\" & read -r end; kill $!; wait";

/// ssh-add runs it for the passphrase, with ssh-add's own stdin: so the secret goes through pipes
/// only.
constexpr const char* answer_from_stdin =
    "#!/bin/sh\n"
    "IFS= read -r passphrase\n"
    "printf '%s\\n' \"$passphrase\"\n";

fs::path free_socket(const fs::path& folder) {
  fs::path socket = fs::absolute(folder) / "agent";
  if (socket.native().size() >= sizeof(sockaddr_un::sun_path)) {
    throw Error(ExitCode::local_failure,
                fmt::format("no ssh-agent can listen on {}: the path is too long", socket.string()),
                "move the inventory to a folder with a shorter path");
  }
  std::error_code ignored;
  fs::remove(socket, ignored);  // of a run that was killed
  return socket;
}

bool answers(const fs::path& socket) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void wait_for(const fs::path& socket) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!answers(socket)) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ExitCode::local_failure,
                  fmt::format("ssh-agent does not listen on {}", socket.string()),
                  "is it installed? apt-get install openssh-client");
    }
    std::this_thread::sleep_for(5ms);
  }
}

}  // namespace

PrivateAgent::PrivateAgent(const fs::path& folder)
    : askpass_(fs::absolute(folder) / "askpass"),
      socket_(free_socket(folder)),
      agent_({"sh", "-c", agent_until_end_of_input, "sh", socket_.string()}) {
  write_file(askpass_, answer_from_stdin, 0700);
  wait_for(socket_);
}

PrivateAgent::~PrivateAgent() {
  std::error_code ignored;
  fs::remove(askpass_, ignored);
}

void PrivateAgent::add(const fs::path& key, const Secret& passphrase) {
  ProcessOptions options;
  options.secret = &passphrase;
  options.timeout = 30s;
  options.environment = {{"SSH_AUTH_SOCK", socket_.string()},
                         {"SSH_ASKPASS", askpass_.string()},
                         {"SSH_ASKPASS_REQUIRE", "force"}};
  const ProcessResult added = run_process({"ssh-add", "-q", key.string()}, options);
  if (!added.ok()) {
    throw Error(ExitCode::local_failure,
                fmt::format("ssh-add does not take {} with that passphrase", key.string()),
                "try `ssh-add` yourself: keys that your own ssh-agent holds are used as they are");
  }
}

}  // namespace clustermpi
