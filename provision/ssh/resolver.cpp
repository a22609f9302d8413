#include "provision/ssh/resolver.hpp"

#include <netdb.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"

namespace clustermpi {
namespace {

constexpr std::size_t max_threads = 16;

struct Question {
  std::uint64_t token = 0;
  std::string host;
  std::uint16_t port = 0;
};

/// getaddrinfo() for a stream socket; `error` is its code.
std::vector<SocketAddress> look_up(const std::string& host, std::uint16_t port, int flags,
                                   int& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  std::vector<SocketAddress> addresses;
  if (error != 0) return addresses;
  for (const addrinfo* entry = list; entry; entry = entry->ai_next) {
    SocketAddress address;
    address.length = std::min<socklen_t>(entry->ai_addrlen, sizeof address.storage);
    std::memcpy(&address.storage, entry->ai_addr, address.length);
    addresses.push_back(address);
  }
  ::freeaddrinfo(list);
  return addresses;
}

}  // namespace

std::optional<SocketAddress> numeric_address(const std::string& host, std::uint16_t port) {
  int error = 0;
  const auto addresses = look_up(host, port, AI_NUMERICHOST, error);
  if (addresses.empty()) return std::nullopt;
  return addresses.front();
}

struct Resolver::Shared {
  std::mutex mutex;
  std::condition_variable more;
  std::deque<Question> questions;
  std::vector<Answer> answers;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool ended = false;
  Descriptor signal{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      more.wait(lock, [this] { return ended || !questions.empty(); });
      --idle;
      if (ended) return;
      const Question question = std::move(questions.front());
      questions.pop_front();
      lock.unlock();
      Answer answer = answer_to(question);
      lock.lock();
      answers.push_back(std::move(answer));
      ::eventfd_write(signal.get(), 1);
    }
  }

  static Answer answer_to(const Question& question) {
    int error = 0;
    Answer answer;
    answer.token = question.token;
    answer.addresses = look_up(question.host, question.port, AI_ADDRCONFIG, error);
    if (answer.addresses.empty()) answer.error = ::gai_strerror(error);
    return answer;
  }
};

Resolver::Resolver() : shared_(std::make_shared<Shared>()) {
  if (!shared_->signal.is_open())
    throw Error(ExitCode::local_failure, "cannot create an event descriptor");
}

Resolver::~Resolver() {
  const std::lock_guard lock(shared_->mutex);
  shared_->ended = true;
  shared_->more.notify_all();
}

void Resolver::ask(std::uint64_t token, std::string host, std::uint16_t port) {
  const std::lock_guard lock(shared_->mutex);
  shared_->questions.push_back({token, std::move(host), port});
  if (shared_->idle < shared_->questions.size() && shared_->threads < max_threads) {
    std::thread([shared = shared_] { shared->work(); }).detach();
    ++shared_->threads;
  }
  shared_->more.notify_one();
}

int Resolver::fd() const {
  return shared_->signal.get();
}

std::vector<Resolver::Answer> Resolver::take_answers() {
  const std::lock_guard lock(shared_->mutex);
  eventfd_t ignored = 0;
  ::eventfd_read(shared_->signal.get(), &ignored);
  return std::exchange(shared_->answers, {});
}

}  // namespace clustermpi
