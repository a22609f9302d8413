// Real SSH servers for tests: OpenSSH's sshd on loopback addresses, with configuration, host keys
// and user keys of their own in a temporary folder. No system file is read or changed.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "provision/descriptor.hpp"
#include "provision/files.hpp"
#include "provision/fleet.hpp"
#include "provision/process.hpp"
#include "provision/ssh/known_hosts.hpp"

namespace clustermpi::test {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "clustermpi-ssh-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Tests run side by side: each process has addresses of its own.
inline std::string own_address(unsigned last) {
  const auto pid = static_cast<unsigned>(::getpid());
  return fmt::format("127.{}.{}.{}", 77 + (pid / 250) % 50, pid % 250 + 1, last);
}

inline sockaddr_in socket_address(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

/// A TCP socket that listens on `address`, and its port.
inline std::pair<Descriptor, std::uint16_t> listen_on(const std::string& address) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in bound = socket_address(address, 0);
  socklen_t size = sizeof bound;
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&bound), size) != 0 ||
      ::listen(listener.get(), 64) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    throw std::runtime_error("cannot listen on " + address);
  return {std::move(listener), ntohs(bound.sin_port)};
}

inline std::uint16_t free_port(const std::string& address) {
  return listen_on(address).second;
}

inline bool accepts_connections(const std::string& address, std::uint16_t port) {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in to = socket_address(address, port);
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
}

inline void make_key(const fs::path& file, const std::string& type = "ed25519",
                     const std::string& passphrase = "") {
  fs::remove(file);
  const auto made =
      run_process({"ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "test", "-f", file});
  if (!made.ok()) throw std::runtime_error("ssh-keygen: " + made.err);
}

inline HostKey public_key(const fs::path& private_key) {
  std::istringstream line(read_file(private_key.string() + ".pub"));
  HostKey key;
  line >> key.type >> key.base64;
  return key;
}

inline std::string current_user() {
  return ::getpwuid(::geteuid())->pw_name;
}

/// All processes that descend from `root`, itself first.
inline std::vector<pid_t> process_tree(pid_t root) {
  std::vector<pid_t> tree{root};
  for (std::size_t i = 0; i < tree.size(); ++i) {
    std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", tree[i]));
    for (pid_t child = 0; children >> child;) tree.push_back(child);
  }
  return tree;
}

/// Where an sshd runs that must not see the files of this machine.
struct SshdPlace {
  std::string run_before;  ///< by sh, in a mount namespace of its own; empty: none
};

/// sshd on up to 16 addresses (OpenSSH's maximum) and one port.
class Sshd {
 public:
  /// `extra` is added to its configuration.
  Sshd(const fs::path& folder, std::vector<std::string> addresses, std::string extra = "",
       SshdPlace place = {})
      : folder_(folder),
        addresses_(std::move(addresses)),
        extra_(std::move(extra)),
        place_(std::move(place)),
        port_(free_port(addresses_.front())) {
    fs::create_directories(folder_);
    if (::geteuid() == 0) fs::create_directories("/run/sshd");
    if (!fs::exists(host_key())) make_key(host_key());
    start();
  }
  ~Sshd() { stop(); }
  Sshd(const Sshd&) = delete;
  Sshd& operator=(const Sshd&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& address() const { return addresses_.front(); }
  [[nodiscard]] fs::path host_key() const { return folder_ / "host_key"; }
  [[nodiscard]] fs::path authorized_keys() const { return folder_ / "authorized_keys"; }
  [[nodiscard]] std::string log() const { return read_file(folder_ / "log"); }

  [[nodiscard]] std::size_t accepted_logins() const { return logged("Accepted publickey"); }

  /// How often its log says `words` since it was started.
  [[nodiscard]] std::size_t logged(std::string_view words) const {
    const std::string text = log();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  [[nodiscard]] Target target(const std::string& name, std::size_t which = 0) const {
    return {name, addresses_[which], port_, current_user()};
  }

  void start() {
    write_config();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 2, (folder_ / "log").c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const std::string config = (folder_ / "sshd_config").string();
    const std::string line = place_.run_before + " && exec /usr/sbin/sshd -D -e -f " + config;
    const char* plain[] = {"/usr/sbin/sshd", "-D", "-e", "-f", config.c_str(), nullptr};
    const char* apart[] = {"/usr/bin/unshare", "-m", "sh", "-c", line.c_str(), nullptr};
    const char** argv = place_.run_before.empty() ? plain : apart;
    const int error =
        ::posix_spawn(&pid_, argv[0], &actions, nullptr, const_cast<char* const*>(argv), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start /usr/sbin/sshd: install openssh-server");
    for (int i = 0; i < 500; ++i) {
      // Only its log is asked: a probe would be a connection that the tests count.
      if (fs::exists(folder_ / "log") && logged("Server listening") == addresses_.size()) return;
      std::this_thread::sleep_for(milliseconds(10));
    }
    throw std::runtime_error("sshd does not listen: " + log());
  }

  /// Ends it and all its sessions at once, as a crash would.
  void stop() {
    if (pid_ <= 0) return;
    for (const pid_t pid : process_tree(pid_)) ::kill(pid, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  /// The sessions go silent, as those of a host without power do; until it is stopped.
  void freeze_sessions() {
    const auto tree = process_tree(pid_);
    for (std::size_t i = 1; i < tree.size(); ++i) ::kill(tree[i], SIGSTOP);
  }

  /// Ends the sessions; it goes on to listen.
  void end_sessions() {
    const auto tree = process_tree(pid_);
    for (std::size_t i = 1; i < tree.size(); ++i) ::kill(tree[i], SIGKILL);
  }

 private:
  void write_config() {
    std::string config;
    for (const auto& address : addresses_)
      config += fmt::format("ListenAddress {}:{}\n", address, port_);
    config += fmt::format("HostKey {}\nAuthorizedKeysFile {}\n", host_key().string(),
                          authorized_keys().string());
    // SHLVL keeps bash from reading the tester's ~/.bashrc.
    config +=
        "PidFile none\nStrictModes no\nUsePAM no\nMaxStartups 1000\nPrintMotd no\n"
        "PrintLastLog no\nSetEnv SHLVL=2\nLogLevel VERBOSE\n";
    write_file(folder_ / "sshd_config", extra_ + config);  // the first of two equal options counts
  }

  fs::path folder_;
  std::vector<std::string> addresses_;
  std::string extra_;
  SshdPlace place_;
  std::uint16_t port_;
  pid_t pid_ = -1;
};

/// A folder, a user key, and what a fleet needs; each test starts the servers it wants.
class SshTest : public testing::Test {
 protected:
  SshTest() {
    make_key(user_key());
    options.credentials.identities = {user_key()};
    options.connect_timeout = options.handshake_timeout = options.auth_timeout =
        milliseconds(20'000);
  }

  [[nodiscard]] fs::path file(const std::string& name) const { return folder.path() / name; }
  [[nodiscard]] fs::path user_key() const { return file("user_key"); }
  [[nodiscard]] fs::path pins() const { return file("known_hosts"); }

  /// A server that lets the user key in.
  std::unique_ptr<Sshd> start_sshd(const std::string& name = "node", const std::string& extra = "",
                                   std::vector<std::string> addresses = {own_address(1)}) {
    auto sshd = std::make_unique<Sshd>(file(name), std::move(addresses), extra);
    fs::copy_file(user_key().string() + ".pub", sshd->authorized_keys(),
                  fs::copy_options::overwrite_existing);
    return sshd;
  }

  /// Makes `key`, and a server that it opens by its certificate alone.
  std::unique_ptr<Sshd> start_sshd_for_certified(const fs::path& key) {
    make_key(file("ca"));
    make_key(key);
    const auto made = run_process({"ssh-keygen", "-q", "-s", file("ca"), "-I", "test", "-n",
                                   current_user(), key.string() + ".pub"});
    if (!made.ok()) throw std::runtime_error("ssh-keygen -s: " + made.err);
    auto sshd =
        start_sshd("trusting", fmt::format("TrustedUserCAKeys {}\n", file("ca.pub").string()));
    write_file(sshd->authorized_keys(), "");
    return sshd;
  }

  KnownHosts& known_hosts() {
    if (!known_hosts_) known_hosts_ = std::make_unique<KnownHosts>(pins(), others);
    return *known_hosts_;
  }

  Fleet fleet(std::vector<Target> targets) {
    return Fleet(std::move(targets), options, known_hosts(), cancel);
  }

  static Job job(std::size_t host, std::string command) {
    Job result;
    result.host = host;
    result.command = std::move(command);
    return result;
  }

  Result run_one(const Target& target, const std::string& command) {
    return fleet({target}).run({job(0, command)}).front();
  }

  TemporaryFolder folder;
  FleetOptions options;
  std::vector<fs::path> others;  ///< further known_hosts files
  CancelToken cancel;

 private:
  std::unique_ptr<KnownHosts> known_hosts_;
};

}  // namespace clustermpi::test
