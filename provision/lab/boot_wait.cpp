#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"
#include "provision/files.hpp"
#include "provision/lab/node.hpp"

namespace clustermpi::lab {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds retry_after{50};

/// Asks one node again and again, until it speaks SSH.
class Knock {
 public:
  explicit Knock(const BootingNode& node) : node_(&node) {}

  [[nodiscard]] const BootingNode& node() const { return *node_; }
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] pollfd waits_for() const { return {socket_.get(), POLLIN, 0}; }

  void look(short events) {
    if (socket_.is_open() && events != 0) read_banner();
    if (!socket_.is_open() && !answered_ && Clock::now() >= next_try_) connect();
  }

 private:
  void connect() {
    next_try_ = Clock::now() + retry_after;
    socket_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(22);
    ::inet_pton(AF_INET, node_->node.address.c_str(), &address.sin_addr);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket_.get(), generic, sizeof address) != 0 && errno != EINPROGRESS) {
      socket_.close();
    }
  }

  void read_banner() {
    std::array<char, 4> start{};
    const ssize_t count = ::recv(socket_.get(), start.data(), start.size(), 0);
    answered_ = count == 4 && std::string_view(start.data(), start.size()) == "SSH-";
    if (count >= 0 || errno != EAGAIN) socket_.close();
  }

  const BootingNode* node_;
  Descriptor socket_;
  Clock::time_point next_try_;
  bool answered_ = false;
};

std::string last_line(std::string text) {
  text.erase(text.find_last_not_of("\r\n") + 1);
  return text.empty() ? "nothing" : text.substr(text.find_last_of("\r\n") + 1);
}

[[noreturn]] void throw_not_up(const BootingNode& node, std::string_view what) {
  throw Error(ExitCode::local_failure,
              fmt::format("{} {}; its console says last: {}", node.node.name, what,
                          last_line(read_file_if_exists(node.paths.console).value_or(""))),
              fmt::format("read all of it in {}", node.paths.console.string()));
}

std::vector<pollfd> wait_a_moment(const std::vector<Knock>& knocks, const CancelToken& cancel) {
  std::vector<pollfd> polled;
  for (const Knock& knock : knocks) polled.push_back(knock.waits_for());
  polled.push_back({cancel.fd(), POLLIN, 0});
  ::poll(polled.data(), polled.size(), static_cast<int>(retry_after.count()));
  return polled;
}

void report_answer(const BootingNode& node, Clock::duration elapsed, Reporter& reporter) {
  Event event;
  event.kind = Event::Kind::host_done;
  event.step = "lab";
  event.host = node.node.name;
  event.text = "answers ssh at " + node.node.address;
  event.changed = true;
  event.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed);
  reporter.on(event);
}

}  // namespace

void wait_for_ssh(const std::vector<BootingNode>& nodes, std::chrono::seconds limit,
                  Reporter& reporter, CancelToken& cancel) {
  const auto begin = Clock::now();
  std::vector<Knock> knocks(nodes.begin(), nodes.end());
  while (!knocks.empty()) {
    const std::vector<pollfd> polled = wait_a_moment(knocks, cancel);
    if (cancel.cancelled())
      throw Error(ExitCode::interrupted, "interrupted while the nodes booted");
    const auto elapsed = Clock::now() - begin;
    for (std::size_t i = 0; i < knocks.size(); ++i) {
      const BootingNode& node = knocks[i].node();
      knocks[i].look(polled[i].revents);
      if (knocks[i].answered()) {
        report_answer(node, elapsed, reporter);
      } else if (::kill(node.machine, 0) != 0 && errno == ESRCH) {
        throw_not_up(node, "went down while it booted");
      } else if (elapsed > limit) {
        throw_not_up(node, fmt::format("does not answer ssh {} s after power-on", limit.count()));
      }
    }
    std::erase_if(knocks, [](const Knock& knock) { return knock.answered(); });
  }
}

}  // namespace clustermpi::lab
