// board.hpp: where ranks leave notes for each other.
//
// MPI's name service goes by way of the launcher, which has reached every host already. Launchers
// without one (Slurm's) get a small server next to rank 0, whose address rank 0 sends to all.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../../common/example.hpp"
#include "sockets.hpp"
#include "time.hpp"

namespace links {

class Board {
 public:
  explicit Board(int rank) : rank_(rank) {
    const char* job = std::getenv("PMIX_NAMESPACE");  // a launcher may serve several
    prefix_ = std::string("links-") + (job != nullptr ? job : "") + "-";
  }

  void put(const std::string& key, const std::string& value) {
    if (server_.open()) {
      ask("put " + key + " " + value + "\n");
      return;
    }
    // A name stands for some 255 characters at most. The first piece, which tells how many there
    // are, comes last: whoever sees it finds the others.
    const std::size_t pieces = value.size() / piece_size + 1;
    for (std::size_t i = pieces; i-- > 0;) {
      const std::string piece =
          (i == 0 ? std::to_string(pieces) + "|" : "|") + value.substr(i * piece_size, piece_size);
      publish(key + "." + std::to_string(i), piece);
    }
  }

  std::optional<std::string> get(const std::string& key) {
    if (server_.open()) {
      const std::string answer = ask("get " + key + "\n");
      if (answer.empty() || answer[0] != '+') return std::nullopt;
      return answer.substr(1);
    }
    std::optional<std::string> piece = look_up(key + ".0");
    if (!piece) return std::nullopt;
    std::string value = piece->substr(piece->find('|') + 1);
    const int pieces = std::atoi(piece->c_str());
    for (int i = 1; i < pieces; ++i) {
      piece = look_up(key + "." + std::to_string(i));
      if (!piece) return std::nullopt;
      value += piece->substr(1);
    }
    return value;
  }

  // Asks less and less often: many may wait.
  std::optional<std::string> wait(const std::string& key, double until) {
    for (double pause = 0.001;; pause = std::min(pause * 1.5, 0.05)) {
      if (auto value = get(key)) return value;
      if (now() + pause > until || cut_off_) return std::nullopt;
      sleep_for(pause);
    }
  }

  bool has_name_service() { return publish("rank" + std::to_string(rank_), "is-here"); }

  // False if rank 0 cannot be reached: it says what by.
  bool use_server(int size, double until);

 private:
  static constexpr std::size_t piece_size = 200;

  bool publish(const std::string& name, const std::string& text) {
    return MPI_Publish_name((prefix_ + name).c_str(), MPI_INFO_NULL, text.c_str()) == MPI_SUCCESS;
  }
  std::optional<std::string> look_up(const std::string& name) {
    std::array<char, MPI_MAX_PORT_NAME> text{};
    if (MPI_Lookup_name((prefix_ + name).c_str(), MPI_INFO_NULL, text.data()) != MPI_SUCCESS) {
      return std::nullopt;
    }
    return text.data();
  }
  std::string ask(const std::string& line);

  int rank_;
  std::string prefix_;
  Socket server_;
  bool cut_off_ = false;  // from the server
  Socket lifeline_;       // rank 0's: the server ends with it

  // MPI may use these for longer than anybody waits.
  std::array<char, 256> where_{};  // the server is: "PORT ADDRESS..."
  std::vector<MPI_Request> requests_;
};

using Notes = std::map<std::string, std::string>;

inline std::string answer_to(const std::string& line, Notes& notes) {
  std::istringstream words(line);
  std::string verb;
  std::string key;
  std::string value;
  words >> verb >> key >> value;
  if (verb == "put") notes[key] = value;
  const auto note = notes.find(key);
  return note == notes.end() ? "-\n" : "+" + note->second + "\n";
}

// Takes in what came and answers the lines that are whole; false where the connection ended.
inline bool serve(int connection, std::string& unread, Notes& notes) {
  std::array<char, 4096> buffer;
  const ssize_t size = recv(connection, buffer.data(), buffer.size(), 0);
  if (size <= 0) return false;
  unread.append(buffer.data(), static_cast<std::size_t>(size));
  for (std::size_t end; (end = unread.find('\n')) != std::string::npos; unread.erase(0, end + 1)) {
    const std::string answer = answer_to(unread.substr(0, end), notes);
    if (send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return false;
  }
  return true;
}

// From rank 0's end on nobody waits for another note than the last one.
inline constexpr unsigned seconds_for_last_questions = 5;

// The server's side: lines "put KEY VALUE" and "get KEY", until its lifeline has ended and nobody
// is left to ask. A host that lost power is left for ever: hence the alarm.
[[noreturn]] inline void serve_board(const Socket& listener, const Socket& lifeline) {
  Notes notes;
  std::map<int, std::string> unread;  // by connection
  bool rank_0_lives = true;
  std::signal(SIGALRM, SIG_DFL);  // not rank 0's
  while (rank_0_lives || !unread.empty()) {
    std::vector<pollfd> entries{{rank_0_lives ? lifeline.fd() : -1, POLLIN, 0},
                                {listener.fd(), POLLIN, 0}};
    for (const auto& [fd, text] : unread) entries.push_back({fd, POLLIN, 0});
    poll(entries.data(), entries.size(), -1);
    if (entries[0].revents != 0) {
      rank_0_lives = false;
      alarm(seconds_for_last_questions);
    }
    if (entries[1].revents != 0) {
      const int fd = accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) unread[fd];
    }
    for (std::size_t i = 2; i < entries.size(); ++i) {
      const int fd = entries[i].fd;
      if (entries[i].revents == 0 || serve(fd, unread[fd], notes)) continue;
      close(fd);
      unread.erase(fd);
    }
  }
  _exit(0);
}

inline bool Board::use_server(int size, double until) {
  if (rank_ == 0) {
    int port = 0;
    const Socket listener = listen_where_mpi_would(port);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    const Socket lifeline(ends[0]);
    lifeline_ = Socket(ends[1]);
    if (fork() == 0) {
      lifeline_ = Socket();
      serve_board(listener, lifeline);
    }
    std::string text = std::to_string(port);
    for (const Address& address : own_addresses()) text += " " + address.text();
    text += " 127.0.0.1";
    std::snprintf(where_.data(), where_.size(), "%s", text.c_str());
    requests_.resize(static_cast<std::size_t>(size) - 1);
    for (int rank = 1; rank < size; ++rank) {
      MPI_Isend(where_.data(), static_cast<int>(where_.size()), MPI_CHAR, rank, 0, MPI_COMM_WORLD,
                &requests_[static_cast<std::size_t>(rank) - 1]);
    }
  } else {
    requests_.resize(1);
    MPI_Irecv(where_.data(), static_cast<int>(where_.size()), MPI_CHAR, 0, 0, MPI_COMM_WORLD,
              requests_.data());
  }
  for (int done = 0; done == 0 && now() < until; sleep_for(0.001)) {
    MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
  }
  std::istringstream words(where_.data());
  int port = 0;
  words >> port;
  for (std::string address; words >> address;) {
    const sockaddr_in to = address_of(parse_address(address).ip, port);
    Socket socket = make_socket();
    connect(socket.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
    pollfd entry{socket.fd(), POLLOUT, 0};
    poll(&entry, 1, static_cast<int>(std::max(until - now(), 0.5) * 1000));
    if (entry.revents != POLLOUT) continue;
    fcntl(socket.fd(), F_SETFL, 0);  // questions wait for their answers
    server_ = std::move(socket);
    return true;
  }
  return false;
}

inline std::string Board::ask(const std::string& line) {
  server_.send(line.data(), line.size());
  std::string answer;
  std::array<char, 4096> buffer;
  while (answer.empty() || answer.back() != '\n') {
    const ssize_t size = recv(server_.fd(), buffer.data(), buffer.size(), 0);
    if (size <= 0) {
      cut_off_ = true;
      return "";
    }
    answer.append(buffer.data(), static_cast<std::size_t>(size));
  }
  answer.pop_back();
  return answer;
}

}  // namespace links
