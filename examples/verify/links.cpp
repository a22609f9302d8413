// links: every host talks to every other, each way, and what is slow or blocked is named.
// Run: -n 4
// Try: -n 4 -- --serial     one pair after the other: longer, the same figures
//
// It proves that all pairs of hosts reach each other, which other programs take for granted: an MPI
// job that needs a blocked link hangs. The first rank of each host measures; pairs meet in N-1
// rounds (N if odd), in each of which nobody is in two pairs.
//
// Nothing here waits for a link that is yet to be proven. Ranks arrange themselves over the
// launcher's own channels (MPI's name service), try plain TCP connections first, and only pairs
// that both ways of it work for go on to MPI, with calls that do not block and a deadline.
#define OMPI_SKIP_MPICXX 1  // only the C interface of MPI: it compiles in half the time
#define MPICH_SKIP_MPICXX 1
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <mpi.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

const char* const usage =
    "usage: links [--deadline SECONDS] [--size BYTES] [--serial] [--json FILE] [--html FILE]\n"
    "Every host talks to every other: latency, bandwidth and damage each way, and who is to "
    "blame.\n"
    "  --deadline SECONDS  what a pair may take, 0.1 to 600 (default 5)\n"
    "  --size BYTES        of each of the 4 messages that measure bandwidth, at most 64 MiB\n"
    "                      (default 1048576)\n"
    "  --serial            one pair after the other instead of N/2 at a time\n"
    "  --json FILE         rank 0 writes the figures there\n"
    "  --html FILE         rank 0 draws them there: one page, nothing else needed\n";

constexpr int pings = 64;
constexpr int messages = 4;
constexpr std::int64_t most_bytes = 64 << 20;

// What is worth a second look: further from its like than five times the usual, and a fifth slower.
constexpr double most_deviations = 5;
constexpr double most_slowdown = 1.2;
constexpr std::size_t fewest_hosts_to_judge = 4;  // of three, nobody can tell who is the odd one
constexpr std::size_t most_retests = 24;
constexpr int retest_turns = 3;
constexpr std::size_t controls_a_metric = 3;

struct Options {
  double deadline = 5;
  std::int64_t bytes = 1 << 20;
  bool serial = false;
  std::string json;
  std::string html;
  bool help = false;
  std::string error;
};

bool read_number(const char* text, std::int64_t least, std::int64_t most, std::int64_t& number) {
  const char* end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, number);
  return read.ec == std::errc{} && read.ptr == end && number >= least && number <= most;
}

bool read_seconds(const char* text, double& seconds) {
  char* end = nullptr;
  seconds = std::strtod(text, &end);
  return end != text && *end == '\0' && seconds >= 0.1 && seconds <= 600;  // nan is none of these
}

bool read_name(const std::string& text, std::string& name) {
  name = text;
  return !name.empty();
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc && options.error.empty(); ++i) {
    const std::string word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--help" || word == "-h") {
      options.help = true;
    } else if (word == "--serial") {
      options.serial = true;
    } else if ((word == "--deadline" && read_seconds(value, options.deadline)) ||
               (word == "--size" && read_number(value, 1, most_bytes, options.bytes)) ||
               (word == "--json" && read_name(value, options.json)) ||
               (word == "--html" && read_name(value, options.html))) {
      ++i;
    } else if (word == "--deadline" || word == "--size" || word == "--json" || word == "--html") {
      options.error = word + " cannot be '" + value + "'; see --help";
    } else {
      options.error = "'" + word + "' is no option; see --help";
    }
  }
  return options;
}

double now() {
  return MPI_Wtime();
}

void sleep_for(double seconds) {
  usleep(static_cast<useconds_t>(seconds * 1e6));
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

// Ends a rank that got stuck in a call after all: whatever happens, there is an end and a reason.
std::array<char, 256> last_words;

void end_by_alarm(int) {
  const ssize_t written = write(STDERR_FILENO, last_words.data(), std::strlen(last_words.data()));
  _exit(written < 0 ? 2 : 1);
}

void end_within(double seconds, int rank, const std::string& host) {
  std::snprintf(last_words.data(), last_words.size(),
                "links: rank %d on %s did not come to an end within %.0f s\n", rank, host.c_str(),
                seconds);
  std::signal(SIGALRM, end_by_alarm);
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(seconds) + 1;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

// --- Sockets

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

  // Small messages into an empty buffer: they never block.
  void send(const void* data, std::size_t size) const {
    if (::send(fd_, data, size, MSG_NOSIGNAL) < 0) return;  // the other end will be missed
  }
  bool readable_within(double seconds) const {
    pollfd entry{fd_, POLLIN, 0};
    return poll(&entry, 1, static_cast<int>(std::max(seconds, 0.0) * 1000)) == 1;
  }

 private:
  int fd_ = -1;
};

Socket make_socket() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

sockaddr_in address_of(std::uint32_t ip, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(ip);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool bind_to(const Socket& socket, int port) {
  const sockaddr_in address = address_of(INADDR_ANY, port);
  return bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// A setting of MPI's, wherever it was made (environment, file, command line); empty where it has
// none of that name.
struct Setting {
  std::string text;
  int number = 0;
};

Setting mpi_setting(const char* name) {
  Setting setting;
  int index = 0;
  if (MPI_T_cvar_get_index(name, &index) != MPI_SUCCESS) return setting;
  MPI_T_cvar_handle handle;
  int count = 0;
  if (MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) != MPI_SUCCESS) return setting;
  if (count > 1) {
    std::string text(static_cast<std::size_t>(count), '\0');
    if (MPI_T_cvar_read(handle, &text[0]) == MPI_SUCCESS) setting.text = text.c_str();
  } else {
    MPI_T_cvar_read(handle, &setting.number);
  }
  MPI_T_cvar_handle_free(&handle);
  return setting;
}

// Where MPI would listen: what is open for it is to be tried, and no other port.
Socket listen_where_mpi_would(int& port) {
  Socket socket = make_socket();
  const int first = mpi_setting("btl_tcp_port_min_v4").number;
  const int range = mpi_setting("btl_tcp_port_range_v4").number;
  bool bound = false;
  if (first > 1024) {  // not just what it is unless somebody chose
    for (int i = range - 1; i >= 0 && !bound; --i) bound = bind_to(socket, first + i);
  }
  if (!bound) bind_to(socket, 0);
  listen(socket.fd(), 1024);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return socket;
}

struct Address {
  std::uint32_t ip = 0;
  int prefix = 32;

  bool shares_network_with(const Address& other) const {
    const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
    return (ip & mask) == (other.ip & mask);
  }
  std::string text() const {
    const in_addr address{htonl(ip)};
    std::array<char, INET_ADDRSTRLEN> buffer{};
    inet_ntop(AF_INET, &address, buffer.data(), buffer.size());
    return buffer.data();
  }
};

Address parse_address(const std::string& text) {
  Address address;
  const std::size_t slash = text.find('/');
  in_addr ip{};
  inet_pton(AF_INET, text.substr(0, slash).c_str(), &ip);
  address.ip = ntohl(ip.s_addr);
  if (slash != std::string::npos) address.prefix = std::atoi(text.c_str() + slash + 1);
  return address;
}

// Whether a list like Open MPI's "eth0,10.0.0.0/8" speaks of it.
bool is_listed(const std::string& list, const std::string& interface, const Address& address) {
  for (const std::string& entry : split(list, ',')) {
    if (entry == interface) return true;
    if (entry.find('/') != std::string::npos && parse_address(entry).shares_network_with(address)) {
      return true;
    }
  }
  return false;
}

// This host's addresses that MPI may use.
std::vector<Address> own_addresses() {
  const std::string included = mpi_setting("btl_tcp_if_include").text;
  const std::string excluded = mpi_setting("btl_tcp_if_exclude").text;
  std::vector<Address> addresses;
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return addresses;
  for (const ifaddrs* at = interfaces; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    if ((at->ifa_flags & IFF_UP) == 0) continue;
    Address address;
    address.ip = ntohl(reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr.s_addr);
    address.prefix =
        __builtin_popcount(reinterpret_cast<const sockaddr_in*>(at->ifa_netmask)->sin_addr.s_addr);
    const bool wanted = included.empty() ? (at->ifa_flags & IFF_LOOPBACK) == 0 &&
                                               !is_listed(excluded, at->ifa_name, address)
                                         : is_listed(included, at->ifa_name, address);
    if (wanted) addresses.push_back(address);
  }
  freeifaddrs(interfaces);
  return addresses;
}

// --- The board: where ranks leave notes for each other
//
// MPI's name service goes by way of the launcher, which has reached every host already. Launchers
// without one (Slurm's) get a small server next to rank 0, whose address rank 0 sends to all.

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
};

using Notes = std::map<std::string, std::string>;

std::string answer_to(const std::string& line, Notes& notes) {
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
bool serve(int connection, std::string& unread, Notes& notes) {
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

// The server's side: lines "put KEY VALUE" and "get KEY", until its lifeline has ended and nobody
// is left to ask.
[[noreturn]] void serve_board(const Socket& listener, const Socket& lifeline) {
  Notes notes;
  std::map<int, std::string> unread;  // by connection
  bool rank_0_lives = true;
  while (rank_0_lives || !unread.empty()) {
    std::vector<pollfd> entries{{rank_0_lives ? lifeline.fd() : -1, POLLIN, 0},
                                {listener.fd(), POLLIN, 0}};
    for (const auto& [fd, text] : unread) entries.push_back({fd, POLLIN, 0});
    poll(entries.data(), entries.size(), -1);
    if (entries[0].revents != 0) rank_0_lives = false;
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

bool Board::use_server(int size, double until) {
  std::array<char, 256> where{};  // "PORT ADDRESS..."
  std::vector<MPI_Request> requests;
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
    std::snprintf(where.data(), where.size(), "%s", text.c_str());
    requests.resize(static_cast<std::size_t>(size) - 1);
    for (int rank = 1; rank < size; ++rank) {
      MPI_Isend(where.data(), static_cast<int>(where.size()), MPI_CHAR, rank, 0, MPI_COMM_WORLD,
                &requests[static_cast<std::size_t>(rank) - 1]);
    }
  } else {
    requests.resize(1);
    MPI_Irecv(where.data(), static_cast<int>(where.size()), MPI_CHAR, 0, 0, MPI_COMM_WORLD,
              requests.data());
  }
  for (int done = 0; done == 0 && now() < until; sleep_for(0.001)) {
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
  }
  std::istringstream words(where.data());
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

std::string Board::ask(const std::string& line) {
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

// --- Hosts

struct Host {
  int rank = 0;  // its first one, which measures
  std::string name;
  int port = 0;
  std::vector<Address> addresses;
};

std::string host_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  MPI_Get_processor_name(name.data(), &length);
  return std::string(name.data(), std::strcspn(name.data(), "."));
}

std::string text_of(const Host& host) {
  std::string text =
      std::to_string(host.rank) + ";" + host.name + ";" + std::to_string(host.port) + ";";
  for (const Address& address : host.addresses) {
    text += address.text() + "/" + std::to_string(address.prefix) + ",";
  }
  return text;
}

Host parse_host(const std::string& text) {
  std::vector<std::string> parts = split(text, ';');
  parts.resize(4);
  Host host{std::atoi(parts[0].c_str()), parts[1], std::atoi(parts[2].c_str()), {}};
  for (const std::string& address : split(parts[3], ',')) {
    host.addresses.push_back(parse_address(address));
  }
  return host;
}

std::vector<Host> parse_hosts(const std::string& text) {
  std::vector<Host> hosts;
  for (const std::string& host : split(text, '|')) hosts.push_back(parse_host(host));
  return hosts;
}

// Which of `to`'s addresses `from` would use: those on a network of its own, else any.
std::vector<Address> addresses_for(const Host& from, const Host& to) {
  std::vector<Address> near;
  for (const Address& theirs : to.addresses) {
    const bool shared =
        std::any_of(from.addresses.begin(), from.addresses.end(),
                    [&](const Address& mine) { return mine.shares_network_with(theirs); });
    if (shared) near.push_back(theirs);
  }
  return near.empty() ? to.addresses : near;
}

// --- What came of a direction

enum Status : char {
  works = 'o',
  damaged = 'd',
  // of the plain TCP connection
  refused = 'r',
  timed_out = 't',
  unreachable = 'u',
  wrong_host = 'w',
  no_address = 'n',
  // of MPI
  mpi_timed_out = 'm',
  ended = 'e',
  // of no fault of its own
  skipped = 's',
  unknown = '?',
};

struct Figures {
  Status status = unknown;
  double latency_us = 0;
  double mbps = 0;  // 10^6 bytes a second

  bool measured() const { return status == works || status == damaged; }
};

const char* word_for(Status status) {
  switch (status) {
    case works:
      return "ok";
    case damaged:
      return "damaged";
    case refused:
      return "refused";
    case timed_out:
      return "timeout";
    case unreachable:
      return "unreachable";
    case wrong_host:
      return "wrong_host";
    case no_address:
      return "no_address";
    case mpi_timed_out:
      return "mpi_timeout";
    case ended:
      return "ended";
    case skipped:
      return "no_way_back";
    default:
      return "no_report";
  }
}

std::string likely_cause(Status status, const Host& to, const std::string& address) {
  const std::string where = address + " port " + std::to_string(to.port);
  switch (status) {
    case damaged:
      return "messages arrived damaged: memory, cable or network card";
    case refused:
      return where + " refuses connections: a firewall on " + to.name + " rejects them";
    case timed_out:
      return where + " does not answer: a firewall drops it, or it is on another network";
    case unreachable:
      return "there is no way to " + where + ": the wrong interface or route, or a firewall";
    case wrong_host:
      return where + " is answered by another host: an address or a network that is not shared";
    case no_address:
      return to.name + " has no IPv4 address that MPI may use";
    case mpi_timed_out:
      return "TCP works, but MPI's messages do not come through: it uses other ports or another "
             "interface";
    case ended:
      return "the rank on one of them ended";
    default:
      return "the rank there did not report";
  }
}

using Row = std::vector<Figures>;
using Matrix = std::vector<Row>;

std::string text_of(const Row& row) {
  std::string text;
  for (const Figures& figures : row) {
    std::array<char, 64> entry;
    std::snprintf(entry.data(), entry.size(), "%c,%.3f,%.3f;", figures.status, figures.latency_us,
                  figures.mbps);
    text += entry.data();
  }
  return text;
}

Row parse_row(const std::string& text, std::size_t hosts) {
  Row row;
  for (const std::string& entry : split(text, ';')) {
    Figures figures;
    char status = unknown;
    if (std::sscanf(entry.c_str(), "%c,%lf,%lf", &status, &figures.latency_us, &figures.mbps) == 3)
      figures.status = static_cast<Status>(status);
    row.push_back(figures);
  }
  row.resize(hosts);
  return row;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// --- Connections: who reaches whom by plain TCP
//
// They stay open: a pair meets over the one from the lower host to the higher before it measures,
// so that no MPI call waits for somebody who is still busy elsewhere.

struct Greeting {
  std::uint32_t magic = 0x6c6e6b73;
  std::uint32_t host = 0;
};

class Connections {
 public:
  Connections(const std::vector<Host>& hosts, std::size_t me, Socket listener)
      : me_(me), listener_(std::move(listener)), outgoing_(hosts.size()), incoming_(hosts.size()) {
    for (std::size_t peer = 0; peer < hosts.size(); ++peer) {
      if (peer == me) continue;
      for (const Address& address : addresses_for(hosts[me], hosts[peer])) {
        start(peer, address_of(address.ip, hosts[peer].port));
      }
    }
  }

  bool all_tried() const {
    return std::all_of(attempts_.begin(), attempts_.end(),
                       [](const Attempt& attempt) { return attempt.status != unknown; });
  }

  // One way works if any does: MPI finds it too, or the deadline tells.
  Status status_of(std::size_t peer) const {
    if (outgoing_[peer].open()) return works;
    for (const Attempt& attempt : attempts_) {
      if (attempt.peer == peer) return attempt.status == unknown ? timed_out : attempt.status;
    }
    return no_address;
  }

  const Socket& channel_to(std::size_t peer) const {
    return me_ < peer ? outgoing_[peer] : incoming_[peer];
  }

  // Answers others and gets on with the own attempts, for so long at most.
  void serve(double seconds) {
    std::vector<pollfd> entries{{listener_.fd(), POLLIN, 0}};
    for (const Socket& guest : guests_) entries.push_back({guest.fd(), POLLIN, 0});
    for (const Attempt& attempt : attempts_) {
      const short event = attempt.connected ? POLLIN : POLLOUT;
      entries.push_back({attempt.status == unknown ? attempt.socket.fd() : -1, event, 0});
    }
    if (poll(entries.data(), entries.size(), static_cast<int>(seconds * 1000)) <= 0) return;
    const std::size_t guests = guests_.size();
    for (std::size_t i = 0; i < attempts_.size(); ++i) {
      if (entries[1 + guests + i].revents != 0) go_on(attempts_[i]);
    }
    for (std::size_t i = guests; i-- > 0;) {
      if (entries[1 + i].revents != 0) take(i);
    }
    if (entries[0].revents != 0) welcome();
  }

 private:
  struct Attempt {
    std::size_t peer;
    Socket socket;
    bool connected = false;
    Status status = unknown;
  };

  void start(std::size_t peer, const sockaddr_in& address) {
    Attempt attempt{peer, make_socket()};
    if (connect(attempt.socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
            0 &&
        errno != EINPROGRESS) {
      attempt.status = status_for(errno);
    }
    attempts_.push_back(std::move(attempt));
  }

  static Status status_for(int error) {
    if (error == ECONNREFUSED) return refused;
    return error == ETIMEDOUT ? timed_out : unreachable;
  }

  void go_on(Attempt& attempt) {
    if (!attempt.connected) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(attempt.socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) attempt.status = status_for(error);
      attempt.connected = error == 0;
      return;
    }
    Greeting greeting;
    const bool right = receive(attempt.socket, greeting) && greeting.host == attempt.peer;
    attempt.status = right ? works : wrong_host;
    if (!right || outgoing_[attempt.peer].open()) return;
    greet(attempt.socket);
    outgoing_[attempt.peer] = std::move(attempt.socket);
  }

  void welcome() {
    Socket guest(accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!guest.open()) return;
    greet(guest);
    guests_.push_back(std::move(guest));
  }

  void take(std::size_t index) {
    Greeting greeting;
    if (receive(guests_[index], greeting) && greeting.host < incoming_.size()) {
      incoming_[greeting.host] = std::move(guests_[index]);
    }
    guests_.erase(guests_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void greet(const Socket& socket) const {
    const Greeting greeting{Greeting().magic, static_cast<std::uint32_t>(me_)};
    socket.send(&greeting, sizeof greeting);
  }

  static bool receive(const Socket& socket, Greeting& greeting) {
    return recv(socket.fd(), &greeting, sizeof greeting, 0) == sizeof greeting &&
           greeting.magic == Greeting().magic;
  }

  std::size_t me_;
  Socket listener_;
  std::vector<Attempt> attempts_;
  std::vector<Socket> guests_;  // who did not say yet who they are
  std::vector<Socket> outgoing_;
  std::vector<Socket> incoming_;
};

// --- Measuring

class Measurement {
 public:
  Measurement(const std::vector<Host>& hosts, std::size_t me, const Connections& connections,
              const Options& options, double until)
      : hosts_(hosts),
        me_(me),
        connections_(connections),
        deadline_(options.deadline),
        until_(until),
        bytes_(static_cast<std::size_t>(options.bytes)),
        out_(bytes_ * messages),
        in_(bytes_ * messages) {}

  // Both ways, the lower host's first; what came of the way from here.
  Figures both_ways(std::size_t peer) {
    Figures figures;
    figures.status = meet(peer);
    if (figures.status != works) return figures;
    bool finished = me_ < peer ? send_to(peer, figures) : answer(peer);
    finished = finished && (me_ < peer ? answer(peer) : send_to(peer, figures));
    if (!finished) figures.status = mpi_timed_out;
    return figures;
  }

  // One way, for the one who sends.
  Figures one_way_to(std::size_t peer) {
    Figures figures;
    figures.status = meet(peer);
    if (figures.status == works && !send_to(peer, figures)) figures.status = mpi_timed_out;
    return figures;
  }
  void one_way_from(std::size_t peer) {
    if (meet(peer) == works) answer(peer);
  }

 private:
  // Both are here: only from now on does the pair's time count.
  Status meet(std::size_t peer) {
    const Socket& channel = connections_.channel_to(peer);
    char word = '!';
    channel.send(&word, 1);
    while (!channel.readable_within(0.02)) {
      int any = 0;  // MPI may have something left to send, which it does when it is called
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &any, MPI_STATUS_IGNORE);
      if (now() > until_) return ended;
    }
    pair_until_ = now() + deadline_;
    return recv(channel.fd(), &word, 1, 0) == 1 ? works : ended;
  }

  bool send_to(std::size_t peer, Figures& figures) {
    std::vector<double> round_trips;
    for (int i = 0; i <= pings; ++i) {
      const double begin = now();
      receive(&word_in_, sizeof word_in_, peer);
      send(&word_out_, sizeof word_out_, peer);
      if (!finish()) return false;
      if (i > 0) round_trips.push_back(now() - begin);  // the first one opens the connection
    }
    const double latency = median(round_trips) / 2;

    for (int i = 0; i < messages; ++i) fill(message(out_, i), me_, peer, i);
    const double begin = now();
    receive(&word_in_, sizeof word_in_, peer);
    for (int i = 0; i < messages; ++i) send(message(out_, i), bytes_, peer);
    if (!finish()) return false;
    const double seconds = std::max(now() - begin - latency, 1e-9);

    receive(&word_in_, sizeof word_in_, peer);
    if (!finish()) return false;
    figures.status = word_in_ == 0 ? works : damaged;
    figures.latency_us = latency * 1e6;
    figures.mbps = static_cast<double>(bytes_ * messages) / seconds / 1e6;
    return true;
  }

  bool answer(std::size_t peer) {
    for (int i = 0; i <= pings; ++i) {
      receive(&word_in_, sizeof word_in_, peer);
      if (!finish()) return false;
      send(&word_out_, sizeof word_out_, peer);
      if (!finish()) return false;
    }
    std::fill(in_.begin(), in_.end(), static_cast<unsigned char>(0));
    for (int i = 0; i < messages; ++i) receive(message(in_, i), bytes_, peer);
    if (!finish()) return false;
    word_out_ = 0;
    send(&word_out_, sizeof word_out_, peer);
    if (!finish()) return false;

    for (int i = 0; i < messages; ++i) word_out_ += is_whole(message(in_, i), peer, i) ? 0 : 1;
    send(&word_out_, sizeof word_out_, peer);
    return finish();
  }

  unsigned char* message(std::vector<unsigned char>& buffer, int number) {
    return buffer.data() + static_cast<std::size_t>(number) * bytes_;
  }

  // Bytes that only fit this message of this direction.
  static unsigned char pattern(std::size_t i, std::size_t from, std::size_t to, int number) {
    return static_cast<unsigned char>(i * 7 + (i >> 8) + from * 31 + to * 57 +
                                      static_cast<std::size_t>(number) * 101);
  }
  void fill(unsigned char* bytes, std::size_t from, std::size_t to, int number) const {
    for (std::size_t i = 0; i < bytes_; ++i) bytes[i] = pattern(i, from, to, number);
  }
  bool is_whole(const unsigned char* bytes, std::size_t from, int number) const {
    for (std::size_t i = 0; i < bytes_; ++i) {
      if (bytes[i] != pattern(i, from, me_, number)) return false;
    }
    return true;
  }

  void send(const void* data, std::size_t size, std::size_t peer) {
    requests_.emplace_back();
    MPI_Isend(data, static_cast<int>(size), MPI_BYTE, hosts_[peer].rank, 1, MPI_COMM_WORLD,
              &requests_.back());
  }
  void receive(void* data, std::size_t size, std::size_t peer) {
    requests_.emplace_back();
    MPI_Irecv(data, static_cast<int>(size), MPI_BYTE, hosts_[peer].rank, 1, MPI_COMM_WORLD,
              &requests_.back());
  }
  // False past the deadline. What is under way then stays so, and so do the buffers. A wait as
  // short as a ping's is awake all the time, so that it is measured right; a longer one leaves the
  // core to others.
  bool finish() {
    const double awake_until = now() + 0.001;
    for (int done = 0;;) {
      const int result = MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done,
                                     MPI_STATUSES_IGNORE);
      if (done != 0 || result != MPI_SUCCESS || now() > pair_until_) {
        requests_.clear();
        return done != 0 && result == MPI_SUCCESS;
      }
      if (now() < awake_until) {
        sched_yield();
      } else {
        sleep_for(20e-6);
      }
    }
  }

  const std::vector<Host>& hosts_;
  std::size_t me_;
  const Connections& connections_;
  double deadline_;
  double until_;
  double pair_until_ = 0;
  std::size_t bytes_;
  std::vector<unsigned char> out_;
  std::vector<unsigned char> in_;
  std::uint64_t word_out_ = 0;
  std::uint64_t word_in_ = 0;
  std::vector<MPI_Request> requests_;
};

// Whom to meet in a round of a tournament in which everybody meets everybody once: all but the last
// turn in a circle. With an odd number, one sits out each round.
std::optional<std::size_t> partner_in(std::size_t round, std::size_t me, std::size_t hosts) {
  const std::size_t last = hosts + hosts % 2 - 1;
  std::size_t partner = me == last ? round * (last + 1) / 2 % last : (round + last - me) % last;
  if (partner == me) partner = last;
  if (partner >= hosts) return std::nullopt;
  return partner;
}

std::size_t rounds_for(std::size_t hosts) {
  return hosts + hosts % 2 - 1;
}

struct Direction {
  std::size_t from = 0;
  std::size_t to = 0;
};

// The part of the rank that measures for its host.
class Leader {
 public:
  Leader(Board& board, const std::vector<Host>& hosts, std::size_t me, Socket listener,
         const Options& options, double until)
      : board_(board),
        hosts_(hosts),
        me_(me),
        options_(options),
        until_(until),
        connections_(hosts, me, std::move(listener)),
        measurement_(hosts, me, connections_, options, until),
        row_(hosts.size()) {}

  void measure() {
    find_reachable();
    if (options_.serial) {
      one_by_one();
    } else {
      for (std::size_t round = 0; round < rounds_for(hosts_.size()); ++round) {
        if (const auto peer = partner_in(round, me_, hosts_.size())) measure(*peer);
      }
    }
    board_.put("row" + std::to_string(me_), text_of(row_));
  }

  // Suspicious directions again, with nothing else under way.
  void measure_alone(const std::vector<Direction>& directions) {
    for (std::size_t i = 0; i < directions.size(); ++i) {
      const auto [from, to] = directions[i];
      if (to == me_) {
        for (int turn = 0; turn < retest_turns; ++turn) measurement_.one_way_from(from);
      } else if (from == me_) {
        if (i > 0 && !board_.wait("again" + std::to_string(i - 1), until_)) return;
        Row turns;
        for (int turn = 0; turn < retest_turns; ++turn) {
          turns.push_back(measurement_.one_way_to(to));
        }
        board_.put("again" + std::to_string(i), text_of(turns));
      }
    }
  }

 private:
  void find_reachable() {
    const double until = now() + options_.deadline;
    while (!connections_.all_tried() && now() < until) connections_.serve(0.05);
    std::string row;
    for (std::size_t peer = 0; peer < hosts_.size(); ++peer) {
      row_[peer].status = peer == me_ ? skipped : connections_.status_of(peer);
      row += static_cast<char>(row_[peer].status);
    }
    board_.put("reach" + std::to_string(me_), row);

    // Others may still want an answer, until they have told what they found.
    for (std::size_t peer = 0; peer < hosts_.size(); ++peer) {
      if (peer == me_) continue;
      std::optional<std::string> theirs;
      while (!(theirs = board_.get("reach" + std::to_string(peer))) &&
             now() < until + options_.deadline) {
        connections_.serve(0.005);
      }
      const bool reaches_me = theirs && (*theirs)[me_] == works;
      if (row_[peer].status == works && !reaches_me) row_[peer].status = skipped;
      if (row_[peer].status == works) await_channel(peer, until + options_.deadline);
    }
  }

  void await_channel(std::size_t peer, double until) {
    while (!connections_.channel_to(peer).open() && now() < until) connections_.serve(0.005);
    if (!connections_.channel_to(peer).open()) row_[peer].status = ended;
  }

  void measure(std::size_t peer) {
    if (row_[peer].status == works) row_[peer] = measurement_.both_ways(peer);
  }

  // Who begins waits until the one before has met all its own.
  void one_by_one() {
    for (std::size_t peer = 0; peer < me_; ++peer) measure(peer);
    if (me_ > 0) board_.wait("turn" + std::to_string(me_ - 1), until_);
    for (std::size_t peer = me_ + 1; peer < hosts_.size(); ++peer) measure(peer);
    board_.put("turn" + std::to_string(me_), "over");
  }

  Board& board_;
  const std::vector<Host>& hosts_;
  std::size_t me_;
  const Options& options_;
  double until_;
  Connections connections_;
  Measurement measurement_;
  Row row_;
};

// --- Judging
//
// What a direction takes is the product of the usual, what is the sending host's, what is the
// receiving host's and what is left to the link. In logarithms that is a sum, and medians find its
// parts: a few bad ones do not move them.

struct Metric {
  const char* name;
  double (*cost)(const Figures&);  // more is worse
};

const std::array<Metric, 2> metrics{{
    {"bandwidth", [](const Figures& figures) { return 1 / figures.mbps; }},
    {"latency", [](const Figures& figures) { return figures.latency_us; }},
}};

struct Effects {
  double usual = 0;
  std::vector<double> egress;   // of the sender
  std::vector<double> ingress;  // of the receiver
  std::vector<std::vector<double>> link;

  double expected(const Direction& way) const { return usual + egress[way.from] + ingress[way.to]; }
};

std::vector<Direction> measured_ways(const Matrix& matrix) {
  std::vector<Direction> ways;
  for (std::size_t from = 0; from < matrix.size(); ++from) {
    for (std::size_t to = 0; to < matrix.size(); ++to) {
      if (from != to && matrix[from][to].measured()) ways.push_back({from, to});
    }
  }
  return ways;
}

// Tukey's median polish.
Effects fit(const Matrix& matrix, const Metric& metric) {
  const std::size_t hosts = matrix.size();
  const std::vector<Direction> ways = measured_ways(matrix);
  Effects effects;
  effects.egress.resize(hosts);
  effects.ingress.resize(hosts);
  effects.link.assign(hosts, std::vector<double>(hosts));
  for (const auto& [from, to] : ways) {
    effects.link[from][to] = std::log(metric.cost(matrix[from][to]));
  }
  const auto polish = [&](std::vector<double>& of_hosts, bool by_sender) {
    std::vector<std::vector<double>> left(hosts);
    for (const auto& [from, to] : ways) {
      left[by_sender ? from : to].push_back(effects.link[from][to]);
    }
    for (const auto& [from, to] : ways) {
      effects.link[from][to] -= median(left[by_sender ? from : to]);
    }
    for (std::size_t host = 0; host < hosts; ++host) of_hosts[host] += median(left[host]);
    const double common = median(of_hosts);
    for (double& of_host : of_hosts) of_host -= common;
    effects.usual += common;
  };
  for (int turn = 0; turn < 10; ++turn) {
    polish(effects.egress, true);
    polish(effects.ingress, false);
  }
  return effects;
}

// Above which an effect is out of line with the others.
double limit_among(const std::vector<double>& values) {
  const double middle = median(values);
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - middle));
  return middle + std::max(most_deviations * median(distances), std::log(most_slowdown));
}

struct Suspect {
  const Metric* metric = nullptr;
  std::optional<std::size_t> host;  // or else it is the link
  const char* direction = "";       // of the host
  Direction way;                    // what to measure again
  double expected = 0;              // its cost, were it like the others
  double slowdown = 0;
  bool confirmed = false;
  bool control = false;  // nothing is wrong with it: it shows how much figures vary by themselves
};

std::vector<Suspect> suspicious_links(const Matrix& matrix, const Metric& metric,
                                      const Effects& effects) {
  const std::vector<Direction> ways = measured_ways(matrix);
  std::vector<double> left;
  for (const auto& [from, to] : ways) left.push_back(effects.link[from][to]);
  const double limit = limit_among(left);
  std::vector<Suspect> suspects;
  for (const Direction& way : ways) {
    const double more = effects.link[way.from][way.to];
    if (more <= limit) continue;
    suspects.push_back({&metric, {}, "", way, std::exp(effects.expected(way)), std::exp(more)});
  }
  return suspects;
}

// A host's effect is measured again on its way to or from the host that is most like the usual.
std::vector<Suspect> suspicious_hosts(const Matrix& matrix, const Metric& metric,
                                      const Effects& effects, bool sends) {
  const std::vector<double>& mine = sends ? effects.egress : effects.ingress;
  const std::vector<double>& others = sends ? effects.ingress : effects.egress;
  const double limit = limit_among(mine);
  std::vector<Suspect> suspects;
  for (std::size_t host = 0; host < mine.size(); ++host) {
    if (mine[host] <= limit) continue;
    std::optional<Direction> best;
    double least = 0;
    for (const Direction& way : measured_ways(matrix)) {
      if ((sends ? way.from : way.to) != host) continue;
      const double odd = std::abs(others[sends ? way.to : way.from]);
      if (best && odd >= least) continue;
      best = way;
      least = odd;
    }
    if (!best) continue;
    suspects.push_back({&metric, host, sends ? "egress" : "ingress", *best,
                        std::exp(effects.expected(*best) - mine[host]), std::exp(mine[host])});
  }
  return suspects;
}

// The ways that are most like the usual.
std::vector<Suspect> find_controls(const Matrix& matrix, const Metric& metric,
                                   const Effects& effects) {
  std::vector<std::pair<double, Direction>> ways;
  for (const Direction& way : measured_ways(matrix)) {
    const double odd = std::abs(effects.link[way.from][way.to]) +
                       std::abs(effects.egress[way.from]) + std::abs(effects.ingress[way.to]);
    ways.emplace_back(odd, way);
  }
  std::sort(ways.begin(), ways.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  if (ways.size() > controls_a_metric) ways.resize(controls_a_metric);
  std::vector<Suspect> controls;
  for (const auto& [odd, way] : ways) {
    controls.push_back({&metric, {}, "", way, std::exp(effects.expected(way)), 1, false, true});
  }
  return controls;
}

// The worst first, and behind them what they are to be held against.
std::vector<Suspect> find_suspects(const Matrix& matrix) {
  std::vector<Suspect> suspects;
  std::vector<Suspect> controls;
  if (matrix.size() < fewest_hosts_to_judge) return suspects;
  const auto append = [](std::vector<Suspect>& to, const std::vector<Suspect>& more) {
    to.insert(to.end(), more.begin(), more.end());
  };
  for (const Metric& metric : metrics) {
    const Effects effects = fit(matrix, metric);
    append(suspects, suspicious_links(matrix, metric, effects));
    append(suspects, suspicious_hosts(matrix, metric, effects, true));
    append(suspects, suspicious_hosts(matrix, metric, effects, false));
    append(controls, find_controls(matrix, metric, effects));
  }
  std::sort(suspects.begin(), suspects.end(),
            [](const Suspect& a, const Suspect& b) { return a.slowdown > b.slowdown; });
  if (suspects.size() > most_retests) suspects.resize(most_retests);
  if (!suspects.empty()) append(suspects, controls);
  return suspects;
}

std::vector<Direction> parse_directions(const std::string& text) {
  std::vector<Direction> directions;
  for (const std::string& entry : split(text, ';')) {
    Direction way;
    if (std::sscanf(entry.c_str(), "%zu>%zu", &way.from, &way.to) == 2) directions.push_back(way);
  }
  return directions;
}

std::string text_of(const std::vector<Suspect>& suspects) {
  std::string text;
  for (const Suspect& suspect : suspects) {
    text += std::to_string(suspect.way.from) + ">" + std::to_string(suspect.way.to) + ";";
  }
  return text;
}

// How much longer than expected each turn took.
std::vector<double> slowdowns(const Suspect& suspect, const Row& turns) {
  std::vector<double> times;
  for (const Figures& figures : turns) {
    if (figures.measured()) times.push_back(suspect.metric->cost(figures) / suspect.expected);
  }
  return times;
}

// Slow when alone, too, each time, and slower than a way that nothing is wrong with ever was: a
// fault. Slow only beside others: they share something. Leaves no controls.
void judge_again(std::vector<Suspect>& suspects, const std::vector<Row>& turns) {
  std::map<const Metric*, double> unrest;
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    const std::vector<double> times = slowdowns(suspects[i], turns[i]);
    if (times.empty()) continue;
    double& most = unrest.emplace(suspects[i].metric, 1).first->second;
    if (suspects[i].control) most = std::max(most, *std::max_element(times.begin(), times.end()));
    suspects[i].slowdown = *std::min_element(times.begin(), times.end());
    suspects[i].confirmed = true;
  }
  for (Suspect& suspect : suspects) {
    suspect.confirmed =
        suspect.confirmed && suspect.slowdown > most_slowdown * unrest[suspect.metric];
  }
  suspects.erase(std::remove_if(suspects.begin(), suspects.end(),
                                [](const Suspect& suspect) { return suspect.control; }),
                 suspects.end());
}

// --- Telling

// "red[01-03,07],blue": names that differ in a number only, in the order they come.
std::string fold(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size();) {
    const auto stem_of = [&](std::size_t at) {
      return names[at].substr(0, names[at].find_last_not_of("0123456789") + 1);
    };
    const std::string stem = stem_of(i);
    const auto number_of = [&](std::size_t at) { return names[at].substr(stem.size()); };
    std::size_t end = i + 1;
    while (end < names.size() && stem_of(end) == stem && !number_of(end).empty() &&
           number_of(end).size() == number_of(i).size()) {
      ++end;
    }
    text += (text.empty() ? "" : ",") + stem;
    if (end == i + 1) {
      text += number_of(i);
    } else {
      text += "[";
      for (std::size_t first = i; first < end;) {
        std::size_t last = first;
        while (last + 1 < end &&
               std::stoull(number_of(last + 1)) == std::stoull(number_of(last)) + 1) {
          ++last;
        }
        text += (first == i ? "" : ",") + number_of(first);
        if (last > first) text += "-" + number_of(last);
        first = last + 1;
      }
      text += "]";
    }
    i = end;
  }
  return text;
}

struct Summary {
  std::size_t pairs = 0;
  std::size_t failed = 0;
  double latency_us = 0;
  double mbps = 0;
  std::optional<Direction> slowest;
};

Summary summarize(const Matrix& matrix) {
  Summary summary;
  std::vector<double> latencies;
  std::vector<double> bandwidths;
  for (const auto& [from, to] : measured_ways(matrix)) {
    const Figures& figures = matrix[from][to];
    latencies.push_back(figures.latency_us);
    bandwidths.push_back(figures.mbps);
    if (!summary.slowest ||
        figures.mbps < matrix[summary.slowest->from][summary.slowest->to].mbps) {
      summary.slowest = Direction{from, to};
    }
    if (figures.status == damaged) ++summary.failed;
  }
  summary.pairs = matrix.size() * (matrix.size() - 1);
  summary.failed += summary.pairs - bandwidths.size();
  summary.latency_us = median(latencies);
  summary.mbps = median(bandwidths);
  return summary;
}

// What rank 0 makes of it all.
class Report {
 public:
  Report(std::vector<Host> hosts, Matrix matrix, std::vector<Suspect> suspects, double seconds)
      : hosts_(std::move(hosts)),
        matrix_(std::move(matrix)),
        suspects_(std::move(suspects)),
        seconds_(seconds),
        summary_(summarize(matrix_)) {}

  bool ok() const { return summary_.failed == 0; }

  void print() const {
    for (std::size_t from = 0; from < hosts_.size(); ++from) {
      for (std::size_t to = 0; to < hosts_.size(); ++to) {
        if (from != to) print_way({from, to});
      }
    }
    if (hosts_.size() > 1) print_map();
    for (const Suspect& suspect : suspects_) print_suspect(suspect);
  }

  void print_result(bool all_ok) const {
    std::printf("RESULT links hosts=%zu pairs=%zu failed=%zu suspects=%zu bad=%zu", hosts_.size(),
                summary_.pairs, summary_.failed, confirmed(), summary_.failed + confirmed());
    if (summary_.slowest) std::printf(" slowest=%s", name_of(*summary_.slowest, "->").c_str());
    std::printf(" latency_us=%.1f MBps=%.1f seconds=%.3f ok=%d\n", summary_.latency_us,
                summary_.mbps, seconds_, all_ok ? 1 : 0);
  }

  std::string json() const {
    std::ostringstream out;
    out << "{\"hosts\": [";
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      out << (i == 0 ? "" : ", ") << '"' << hosts_[i].name << '"';
    }
    out << "],\n \"pairs\": " << summary_.pairs << ", \"failed\": " << summary_.failed
        << ", \"latency_us\": " << summary_.latency_us << ", \"MBps\": " << summary_.mbps
        << ",\n \"links\": [";
    const char* comma = "\n";
    for (std::size_t from = 0; from < hosts_.size(); ++from) {
      for (std::size_t to = 0; to < hosts_.size(); ++to) {
        if (from == to) continue;
        const Figures& figures = matrix_[from][to];
        out << comma << "  {\"from\": \"" << hosts_[from].name << "\", \"to\": \""
            << hosts_[to].name << "\", \"status\": \"" << word_for(figures.status) << '"';
        if (figures.measured()) {
          out << ", \"latency_us\": " << figures.latency_us << ", \"MBps\": " << figures.mbps;
        }
        out << "}";
        comma = ",\n";
      }
    }
    out << "],\n \"suspects\": [";
    comma = "\n";
    for (const Suspect& suspect : suspects_) {
      if (!suspect.confirmed) continue;
      out << comma << "  {";
      if (suspect.host) {
        out << "\"host\": \"" << hosts_[*suspect.host].name << "\", \"direction\": \""
            << suspect.direction << '"';
      } else {
        out << "\"from\": \"" << hosts_[suspect.way.from].name << "\", \"to\": \""
            << hosts_[suspect.way.to].name << '"';
      }
      out << ", \"metric\": \"" << suspect.metric->name << "\", \"slowdown\": " << suspect.slowdown
          << "}";
      comma = ",\n";
    }
    out << "]}\n";
    return out.str();
  }

  std::string html() const;

 private:
  std::size_t confirmed() const {
    return static_cast<std::size_t>(std::count_if(suspects_.begin(), suspects_.end(),
                                                  [](const Suspect& s) { return s.confirmed; }));
  }

  std::string name_of(const Direction& way, const char* between) const {
    return hosts_[way.from].name + between + hosts_[way.to].name;
  }

  void print_way(const Direction& way) const {
    const Figures& figures = matrix_[way.from][way.to];
    const Host& from = hosts_[way.from];
    const Host& to = hosts_[way.to];
    std::printf("links from=%s to=%s", from.name.c_str(), to.name.c_str());
    if (figures.measured()) {
      std::printf(" latency_us=%.1f MBps=%.1f checksum=%s status=%s\n", figures.latency_us,
                  figures.mbps, figures.status == works ? "ok" : "wrong", word_for(figures.status));
    } else {
      std::printf(" status=failed cause=%s\n", word_for(figures.status));
    }
    if (figures.status == works || figures.status == skipped) return;
    const auto addresses = addresses_for(from, to);
    const std::string address = addresses.empty() ? "" : addresses.front().text();
    std::fprintf(stderr, "links: %s to %s: %s\n", from.name.c_str(), to.name.c_str(),
                 likely_cause(figures.status, to, address).c_str());
  }

  // 0 for what is as good as the median, to 3 for what is far slower.
  int shade(const Figures& figures) const {
    const double share = figures.mbps / summary_.mbps;
    return share >= 0.8 ? 0 : share >= 0.5 ? 1 : share >= 0.2 ? 2 : 3;
  }

  char symbol(const Direction& way) const {
    const Figures& figures = matrix_[way.from][way.to];
    if (way.from == way.to) return '\\';
    if (figures.status == skipped || figures.status == unknown) return '?';
    return figures.status == works ? ".-+#"[shade(figures)] : 'X';
  }

  // A line for all hosts that see the others alike; a column a host.
  void print_map() const {
    std::vector<std::string> rows;
    std::vector<std::vector<std::string>> names;
    std::vector<std::string> all;
    for (std::size_t from = 0; from < hosts_.size(); ++from) {
      all.push_back(hosts_[from].name);
      std::string row;
      for (std::size_t to = 0; to < hosts_.size(); ++to) row += symbol({from, to});
      std::size_t like = 0;
      while (like < rows.size() && !take_in(rows[like], row)) ++like;
      if (like == rows.size()) {
        rows.push_back(row);
        names.emplace_back();
      }
      names[like].push_back(hosts_[from].name);
    }
    std::printf(
        "links map of bandwidth, senders beside rows; columns are %s\n"
        "links map . within a fifth of the median, - half, + a fifth of it, # less, X failed, "
        "? not measured, \\ itself\n",
        fold(all).c_str());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::printf("links map %s %s\n", rows[i].c_str(), fold(names[i]).c_str());
    }
  }

  // Whether the rows are alike but for the places of the hosts themselves, which one then fills in
  // for the other.
  static bool take_in(std::string& row, const std::string& other) {
    std::string both = row;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] == '\\') both[i] = other[i];
      if (row[i] != other[i] && row[i] != '\\' && other[i] != '\\') return false;
    }
    row = both;
    return true;
  }

  std::string subject(const Suspect& suspect) const {
    if (!suspect.host) {
      return "from=" + hosts_[suspect.way.from].name + " to=" + hosts_[suspect.way.to].name;
    }
    return "host=" + hosts_[*suspect.host].name + " direction=" + suspect.direction;
  }

  void print_suspect(const Suspect& suspect) const {
    std::printf("links %s %s metric=%s slowdown=%.2f\n",
                suspect.confirmed ? "suspect" : "congested", subject(suspect).c_str(),
                suspect.metric->name, suspect.slowdown);
  }

  void draw_map(std::ostream& out) const;
  std::string class_of(const Direction& way) const;
  std::string title_of(const Direction& way) const;

  std::vector<Host> hosts_;
  Matrix matrix_;
  std::vector<Suspect> suspects_;
  double seconds_;  // that the matrix took
  Summary summary_;
};

const char* const page_head = R"html(<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>links</title>
<style>
:root {
  color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --bad: #c62828; --none: #d0d0d0;
  --s0: #cfe3f5; --s1: #7fb2e0; --s2: #2f7ac0; --s3: #0b3c70;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e6e6; --paper: #14171a; --bad: #ff6b6b; --none: #444;
    --s0: #1d3a55; --s1: #3470a6; --s2: #66a9e3; --s3: #cfe6fb;
  }
}
body {
  margin: 1rem auto; max-width: 60rem; padding: 0 .8rem; font: 16px/1.4 system-ui, sans-serif;
  color: var(--ink); background: var(--paper);
}
.map { overflow-x: auto }
svg { width: 100%; height: auto }
text { font: 11px system-ui, sans-serif; fill: var(--ink) }
.s0 { fill: var(--s0); background: var(--s0) } .s1 { fill: var(--s1); background: var(--s1) }
.s2 { fill: var(--s2); background: var(--s2) } .s3 { fill: var(--s3); background: var(--s3) }
.bad { fill: var(--bad); background: var(--bad) }
.none { fill: var(--none); background: var(--none) }
i { display: inline-block; width: 1em; height: 1em; vertical-align: -.1em }
td, th { text-align: left; padding: .1rem .8rem .1rem 0 }
</style>
<h1>links</h1>
)html";

const char* const page_legend = R"html(
<p>Bandwidth from each row's host to each column's, beside the median:
<i class="s0"></i> 80 % and more <i class="s1"></i> 50 % <i class="s2"></i> 20 %
<i class="s3"></i> less <i class="bad"></i> failed <i class="none"></i> not measured</p>
)html";

// A page by itself that follows its reader's light or dark and width.
std::string Report::html() const {
  std::ostringstream out;
  out << page_head << "<p>" << hosts_.size() << " hosts, " << summary_.pairs << " ways, "
      << summary_.failed << " failed, " << confirmed()
      << " suspects; medians: " << std::llround(summary_.latency_us) << " µs, "
      << std::llround(summary_.mbps) << " MB/s.</p>" << page_legend;
  draw_map(out);
  if (!suspects_.empty()) {
    out << "<table><tr><th>slow<th>by<th>times<th>measured alone</tr>\n";
    for (const Suspect& suspect : suspects_) {
      out << "<tr><td>"
          << (suspect.host ? hosts_[*suspect.host].name + " " + suspect.direction
                           : name_of(suspect.way, " to "))
          << "<td>" << suspect.metric->name << "<td>" << suspect.slowdown << "<td>"
          << (suspect.confirmed ? "still slow" : "as the others: congestion") << "</tr>\n";
    }
    out << "</table>\n";
  }
  out << "</html>\n";
  return out.str();
}

void Report::draw_map(std::ostream& out) const {
  const std::size_t cell = 24;
  const std::size_t margin = 130;  // for names
  const std::size_t side = margin + cell * hosts_.size();
  out << "<div class=\"map\"><svg role=\"img\" aria-label=\"bandwidth between all hosts\" "
      << "style=\"max-width:" << side * 2 << "px\" viewBox=\"0 0 " << side << ' ' << side
      << "\">\n";
  for (std::size_t from = 0; from < hosts_.size(); ++from) {
    const std::size_t line = margin + cell * from + cell / 2 + 3;
    out << "<text text-anchor=\"end\" x=\"" << margin - 6 << "\" y=\"" << line << "\">"
        << hosts_[from].name << "</text><text transform=\"translate(" << line << ',' << margin - 6
        << ") rotate(-90)\">" << hosts_[from].name << "</text>\n";
    for (std::size_t to = 0; to < hosts_.size(); ++to) {
      if (from == to) continue;
      out << "<rect x=\"" << margin + cell * to << "\" y=\"" << margin + cell * from
          << "\" width=\"" << cell - 2 << "\" height=\"" << cell - 2 << "\" class=\""
          << class_of({from, to}) << "\"><title>" << title_of({from, to}) << "</title></rect>\n";
    }
  }
  out << "</svg></div>\n";
}

std::string Report::class_of(const Direction& way) const {
  const char mark = symbol(way);
  if (mark == '?') return "none";
  if (mark == 'X') return "bad";
  return "s" + std::to_string(shade(matrix_[way.from][way.to]));
}

std::string Report::title_of(const Direction& way) const {
  const Figures& figures = matrix_[way.from][way.to];
  std::ostringstream title;
  title << name_of(way, " to ") << ": ";
  if (figures.measured()) title << figures.latency_us << " µs, " << figures.mbps << " MB/s, ";
  title << word_for(figures.status);
  return title.str();
}

bool write_file(const std::string& name, const std::string& text) {
  if (name.empty() || (std::ofstream(name) << text).flush()) return true;
  std::fprintf(stderr, "links: %s cannot be written\n", name.c_str());
  return false;
}

// --- Ranks

// Rank 0 hears where every rank is and tells all who measures: the first of each host.
std::vector<Host> make_roster(Board& board, int size, double until) {
  std::vector<Host> hosts;
  for (int rank = 0; rank < size; ++rank) {
    const auto card = board.wait("card" + std::to_string(rank), until);
    if (!card) {
      std::fprintf(stderr, "links: rank %d did not say where it is\n", rank);
      return {};
    }
    Host host = parse_host(*card);
    const bool seen = std::any_of(hosts.begin(), hosts.end(),
                                  [&](const Host& other) { return other.name == host.name; });
    if (!seen) hosts.push_back(std::move(host));
  }
  return hosts;
}

// Rank 0 measures for its host like the others, the first time and again, and gathers.
Report make_report(Board& board, const std::vector<Host>& hosts, Leader& leader, double until) {
  const double begin = now();
  leader.measure();
  Matrix matrix;
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    const auto row = board.wait("row" + std::to_string(host), until);
    matrix.push_back(parse_row(row.value_or(""), hosts.size()));
  }
  const double seconds = now() - begin;
  std::vector<Suspect> suspects = find_suspects(matrix);
  board.put("retest", text_of(suspects));
  leader.measure_alone(parse_directions(text_of(suspects)));
  std::vector<Row> again;
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    const auto turns = board.wait("again" + std::to_string(i), until);
    again.push_back(parse_row(turns.value_or(""), retest_turns));
  }
  judge_again(suspects, again);
  return Report(hosts, std::move(matrix), std::move(suspects), seconds);
}

bool report(const Options& options, const Report& report) {
  report.print();
  const bool json_written = write_file(options.json, options.json.empty() ? "" : report.json());
  const bool html_written = write_file(options.html, options.html.empty() ? "" : report.html());
  const bool ok = report.ok() && json_written && html_written;
  report.print_result(ok);
  return ok;
}

// All ranks end alike, and none before rank 0 has told everything: a launcher ends the others with
// the first that fails.
int end_together(Board& board, double until) {
  const auto ok = board.wait("end", until);
  return ok == "1" ? 0 : 1;
}

int run(const Options& options, int rank, int size) {
  const std::string name = host_name();
  double patience = 10 * options.deadline;
  end_within(patience, rank, name);
  const double until = now() + patience - 1;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);

  Board board(rank);
  if (!board.has_name_service() && !board.use_server(size, now() + options.deadline)) {
    std::fprintf(stderr, "links: rank %d on %s cannot reach rank 0\n", rank, name.c_str());
    sleep_for(2 * options.deadline);  // so that the others come to say so, too
    return 1;
  }
  Host mine{rank, name, 0, own_addresses()};
  Socket listener = listen_where_mpi_would(mine.port);
  board.put("card" + std::to_string(rank), text_of(mine));
  if (rank == 0) {
    std::string roster;
    for (const Host& host : make_roster(board, size, now() + 2 * options.deadline)) {
      roster += text_of(host) + "|";
    }
    board.put("roster", roster);
  }
  const std::vector<Host> hosts = parse_hosts(board.wait("roster", until).value_or(""));
  const auto me =
      std::find_if(hosts.begin(), hosts.end(), [&](const Host& host) { return host.rank == rank; });
  if (hosts.empty()) return 1;
  if (me == hosts.end()) return end_together(board, until);

  Leader leader(board, hosts, static_cast<std::size_t>(me - hosts.begin()), std::move(listener),
                options, until);
  if (rank == 0) {
    if (hosts.size() == 1) {
      std::printf("links: all ranks are on %s: there is no link to measure\n", name.c_str());
    }
    const bool ok = report(options, make_report(board, hosts, leader, until));
    std::fflush(stdout);
    board.put("end", ok ? "1" : "0");
  } else {
    leader.measure();
    leader.measure_alone(parse_directions(board.wait("retest", until).value_or("")));
  }
  return end_together(board, until);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int provided = 0;
  MPI_T_init_thread(MPI_THREAD_SINGLE, &provided);
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);

  // All ranks read the same arguments and so come to the same end without talking to each other.
  const Options options = parse(argc, argv);
  int status = 0;
  if (options.help) {
    if (rank == 0) std::fputs(usage, stdout);
  } else if (!options.error.empty()) {
    if (rank == 0) std::fprintf(stderr, "links: %s\n", options.error.c_str());
    status = 2;
  } else {
    status = run(options, rank, size);
    // MPI_Finalize may want to talk over the very links that failed, or wait for what is stuck.
    if (status != 0) {
      std::fflush(nullptr);
      _exit(status);
    }
  }
  MPI_T_finalize();
  MPI_Finalize();
  return status;
}
