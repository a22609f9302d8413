// The floor that the fleet is measured against: libssh in one loop, and nothing besides. No host
// key is checked, nothing is kept, nothing is retried. usage: libssh_loop IDENTITY USER PORT
// COMMAND <addresses
#include <arpa/inet.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t at_once = 64;

struct Host {
  enum class Step { tcp, handshake, login, channel, exec, run, done };
  Step step = Step::tcp;
  int fd = -1;
  ssh_session session = nullptr;
  ssh_event event = nullptr;
  ssh_channel channel = nullptr;
  ssh_channel_callbacks_struct callbacks{};
  int status = -1;
  bool closed = false;
};

struct Run {
  ssh_key key = nullptr;
  const char* user = nullptr;
  int port = 0;
  const char* command = nullptr;
  int epoll = -1;
};

void connect_tcp(Host& host, const std::string& address, const Run& run, std::size_t index) {
  host.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(host.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(run.port));
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  ::connect(host.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.u64 = index;
  ::epoll_ctl(run.epoll, EPOLL_CTL_ADD, host.fd, &event);
}

void begin_ssh(Host& host, const std::string& address, const Run& run) {
  host.session = ssh_new();
  ssh_set_blocking(host.session, 0);
  const int no = 0;
  ssh_options_set(host.session, SSH_OPTIONS_PROCESS_CONFIG, &no);
  ssh_options_set(host.session, SSH_OPTIONS_HOST, address.c_str());
  ssh_options_set(host.session, SSH_OPTIONS_USER, run.user);
  ssh_options_set(host.session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
  ssh_options_set(host.session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
  ssh_options_set(host.session, SSH_OPTIONS_FD, &host.fd);
}

void open_channel(Host& host) {
  host.event = ssh_event_new();
  ssh_event_add_session(host.event, host.session);
  host.channel = ssh_channel_new(host.session);
  ssh_callbacks_init(&host.callbacks);
  host.callbacks.userdata = &host;
  host.callbacks.channel_data_function = [](ssh_session, ssh_channel, void*, std::uint32_t length,
                                            int, void*) { return static_cast<int>(length); };
  host.callbacks.channel_exit_status_function = [](ssh_session, ssh_channel, int status, void* of) {
    static_cast<Host*>(of)->status = status;
  };
  host.callbacks.channel_close_function = [](ssh_session, ssh_channel, void* of) {
    static_cast<Host*>(of)->closed = true;
  };
  ssh_set_channel_callbacks(host.channel, &host.callbacks);
}

/// As far as it goes; false where it has to wait.
bool advance(Host& host, const std::string& address, const Run& run) {
  switch (host.step) {
    case Host::Step::tcp:
      begin_ssh(host, address, run);
      host.step = Host::Step::handshake;
      return true;
    case Host::Step::handshake:
      if (ssh_connect(host.session) != SSH_OK) return false;
      host.step = Host::Step::login;
      return true;
    case Host::Step::login:
      if (ssh_userauth_publickey(host.session, nullptr, run.key) != SSH_AUTH_SUCCESS) return false;
      open_channel(host);
      host.step = Host::Step::channel;
      return true;
    case Host::Step::channel:
      if (ssh_channel_open_session(host.channel) != SSH_OK) return false;
      host.step = Host::Step::exec;
      return true;
    case Host::Step::exec:
      if (ssh_channel_request_exec(host.channel, run.command) != SSH_OK) return false;
      ssh_channel_send_eof(host.channel);
      host.step = Host::Step::run;
      return true;
    case Host::Step::run:
      while (!host.closed && ssh_event_dopoll(host.event, 0) == SSH_OK) continue;
      if (!host.closed) return false;
      host.step = Host::Step::done;
      ssh_event_free(host.event);
      ssh_channel_free(host.channel);
      ssh_free(host.session);
      return true;
    case Host::Step::done:
      return false;
  }
  return false;
}

void watch(const Host& host, const Run& run, std::size_t index) {
  epoll_event event{};
  event.events = EPOLLIN;
  if ((ssh_get_poll_flags(host.session) & SSH_WRITE_PENDING) != 0) event.events |= EPOLLOUT;
  event.data.u64 = index;
  ::epoll_ctl(run.epoll, EPOLL_CTL_MOD, host.fd, &event);
  const int one = 1;
  ::setsockopt(host.fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: libssh_loop IDENTITY USER PORT COMMAND <addresses\n", stderr);
    return 2;
  }
  Run run;
  if (ssh_pki_import_privkey_file(argv[1], nullptr, nullptr, nullptr, &run.key) != SSH_OK) return 1;
  run.user = argv[2];
  run.port = std::atoi(argv[3]);
  run.command = argv[4];
  run.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  std::vector<std::string> addresses;
  for (std::string address; std::getline(std::cin, address);) addresses.push_back(address);
  std::vector<Host> hosts(addresses.size());
  std::size_t next = 0;
  std::size_t done = 0;
  std::size_t failed = 0;
  while (done < hosts.size()) {
    for (; next < hosts.size() && next - done < at_once; ++next)
      connect_tcp(hosts[next], addresses[next], run, next);
    std::array<epoll_event, 128> events{};
    const int count = ::epoll_wait(run.epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const std::size_t index = events[static_cast<std::size_t>(i)].data.u64;
      Host& host = hosts[index];
      while (advance(host, addresses[index], run)) continue;
      if (host.step == Host::Step::done) {
        ++done;
        if (host.status != 0) ++failed;
      } else {
        watch(host, run, index);
      }
    }
  }
  ssh_key_free(run.key);
  return failed == 0 ? 0 : 4;
}
