#include "provision/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "hosts/error.hpp"
#include "provision/descriptor.hpp"

namespace clustermpi {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto grace_after_sigterm = std::chrono::seconds(3);

std::string reason(int error) {
  return std::generic_category().message(error);
}

// ---- Starting
// ------------------------------------------------------------------------------------

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ExitCode::local_failure, fmt::format("cannot make a pipe: {}", reason(errno)));
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Descriptor open_or_throw(const std::filesystem::path& path, int flags) {
  Descriptor fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!fd.is_open()) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot open {}: {}", path.string(), reason(errno)));
  }
  return fd;
}

std::filesystem::path program_or_throw(const std::string& name) {
  if (const auto program = find_program(name)) return *program;
  const std::string_view package = package_of(name);
  throw Error(
      ExitCode::local_failure, fmt::format("the program {} is not installed", name),
      package.empty() ? std::string() : fmt::format("install it: apt-get install {}", package));
}

/// All that a child needs, made before fork(): between fork and exec nothing may be allocated.
class ExecPlan {
 public:
  ExecPlan(const std::vector<std::string>& argv, const std::map<std::string, std::string>& extra,
           std::filesystem::path directory)
      : program_(program_or_throw(argv.at(0)).string()),
        arguments_(argv),
        directory_(directory.string()) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view assignment = *entry;
      if (!extra.contains(std::string(assignment.substr(0, assignment.find('='))))) {
        environment_.emplace_back(assignment);
      }
    }
    for (const auto& [name, value] : extra) environment_.push_back(name + "=" + value);
    argv_ = pointers(arguments_);
    envp_ = pointers(environment_);
  }
  ExecPlan(const ExecPlan&) = delete;
  ExecPlan& operator=(const ExecPlan&) = delete;

  [[nodiscard]] const std::string& program() const { return program_; }

  /// In the child: becomes the program, or tells `failures` the errno and ends.
  [[noreturn]] void become(int in, int out, int err, int failures) const noexcept {
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    // dup2 onto itself would keep close-on-exec; our own 0-2 are open, so that in/out/err are
    // above.
    if (::dup2(in, 0) >= 0 && ::dup2(out, 1) >= 0 && ::dup2(err, 2) >= 0 &&
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
        (directory_.empty() || ::chdir(directory_.c_str()) == 0)) {
      ::execve(program_.c_str(), argv_.data(), envp_.data());
    }
    const int error = errno;
    [[maybe_unused]] const auto told = ::write(failures, &error, sizeof error);
    ::_exit(127);
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  }

  std::string program_;
  std::vector<std::string> arguments_;
  std::vector<std::string> environment_;
  std::string directory_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

pid_t fork_or_throw(const ExecPlan& plan) {
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot start {}: {}", plan.program(), reason(errno)));
  }
  return pid;
}

/// A number that the child sent, or nothing where the pipe closed without one.
std::optional<int> receive_number(const Descriptor& from) {
  int number = 0;
  ssize_t count = 0;
  do {
    count = ::read(from.get(), &number, sizeof number);
  } while (count < 0 && errno == EINTR);
  return count == sizeof number ? std::optional(number) : std::nullopt;
}

void reap(pid_t pid, int* status = nullptr) {
  while (::waitpid(pid, status, 0) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void throw_not_started(const ExecPlan& plan, int error) {
  throw Error(ExitCode::local_failure,
              fmt::format("cannot start {}: {}", plan.program(), reason(error)));
}

/// glibc 2.36 declares pidfd_open(3) without the linkage that C++ needs.
Descriptor open_pidfd(pid_t pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
}

enum class Family {
  group,    ///< a process group of our session, told when we die
  session,  ///< one of its own: a terminal's signals do not reach it
};

Child start_child(const ExecPlan& plan, const Descriptor& in, const Descriptor& out,
                  const Descriptor& err, Family family) {
  Pipe failures = make_pipe();
  const pid_t parent = ::getpid();
  Child child;
  child.pid = fork_or_throw(plan);
  if (child.pid == 0) {
    if (family == Family::session) {
      ::setsid();
    } else {
      ::setpgid(0, 0);
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (::getppid() != parent) ::_exit(127);  // it died before we asked to be told
    }
    plan.become(in.get(), out.get(), err.get(), failures.write_end.get());
  }
  failures.write_end.close();
  if (const auto error = receive_number(failures.read_end)) {
    reap(child.pid);
    throw_not_started(plan, *error);
  }
  child.pidfd = open_pidfd(child.pid);
  if (!child.pidfd.is_open()) {
    const int error = errno;
    ::kill(-child.pid, SIGKILL);
    reap(child.pid);
    throw_not_started(plan, error);
  }
  return child;
}

// ---- Running to the end
// --------------------------------------------------------------------------

/// A child that closes its stdin early must not end us; writes then fail with EPIPE.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~SigpipeBlocked() {
    const timespec at_once{};
    if (::sigismember(&before_, SIGPIPE) == 0) ::sigtimedwait(&sigpipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

 private:
  sigset_t sigpipe_{};
  sigset_t before_{};
};

/// One output stream of the child: gathered, or cut into lines for a callback.
class Outlet {
 public:
  Outlet(Descriptor fd, const std::function<void(std::string_view)>& on_line)
      : fd_(std::move(fd)), on_line_(on_line) {
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

  /// Takes what is there now.
  void drain() {
    std::array<char, 64 * 1024> buffer;
    while (fd_.is_open()) {
      const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
      if (count > 0) {
        text_.append(buffer.data(), static_cast<std::size_t>(count));
        if (on_line_) hand_out_lines();
      } else if (count == 0) {
        fd_.close();
      } else if (errno != EINTR) {
        return;
      }
    }
  }

  /// What was gathered; a last line without newline goes to the callback first.
  std::string finish() {
    if (on_line_ && !text_.empty()) on_line_(std::exchange(text_, {}));
    return std::move(text_);
  }

 private:
  void hand_out_lines() {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text_.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      on_line_(std::string_view(text_).substr(begin, end - begin));
    }
    text_.erase(0, begin);
  }

  Descriptor fd_;
  const std::function<void(std::string_view)>& on_line_;
  std::string text_;
};

/// Feeds and empties one child until it has ended.
class Supervisor {
 public:
  Supervisor(const std::vector<std::string>& argv, const ProcessOptions& options);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  ProcessResult run();

 private:
  void wait_for_something();
  [[nodiscard]] int poll_timeout() const;
  void feed();
  void check_deadlines();
  void request_end();

  const ProcessOptions& options_;
  std::string_view input_left_;
  Descriptor input_;
  std::optional<Outlet> out_;
  std::optional<Outlet> err_;
  Child child_;
  bool exited_ = false;
  std::optional<Clock::time_point> deadline_;  ///< of the command, then of its last grace
  bool ending_ = false;                        ///< SIGTERM was sent
  ProcessResult result_;
};

Supervisor::Supervisor(const std::vector<std::string>& argv, const ProcessOptions& options)
    : options_(options),
      input_left_(options.secret != nullptr ? options.secret->text() : options.input) {
  const ExecPlan plan(argv, options.environment, options.directory);
  Pipe in;
  if (input_left_.empty()) {
    in.read_end = open_or_throw("/dev/null", O_RDONLY);
  } else {
    in = make_pipe();
    ::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);
  }
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  child_ = start_child(plan, in.read_end, out.write_end, err.write_end, Family::group);
  input_ = std::move(in.write_end);
  out_.emplace(std::move(out.read_end), options.on_stdout_line);
  err_.emplace(std::move(err.read_end), options.on_stderr_line);
  if (options.timeout.count() > 0) deadline_ = Clock::now() + options.timeout;
}

/// Reached with a living child only when a callback threw.
Supervisor::~Supervisor() {
  if (child_.pid < 0) return;
  ::kill(-child_.pid, SIGKILL);
  reap(child_.pid);
}

ProcessResult Supervisor::run() {
  while (!exited_) wait_for_something();
  // A daemon that it left behind may hold the pipes open for ever: take what is there, no more.
  out_->drain();
  err_->drain();
  // Before reaping, while the group's number cannot belong to anybody else.
  if (ending_) ::kill(-child_.pid, SIGKILL);
  int status = 0;
  reap(std::exchange(child_.pid, -1), &status);
  result_.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  result_.out = out_->finish();
  result_.err = err_->finish();
  return std::move(result_);
}

void Supervisor::wait_for_something() {
  const int cancel_fd = options_.cancel != nullptr && !ending_ ? options_.cancel->fd() : -1;
  std::array<pollfd, 5> polled{{{child_.pidfd.get(), POLLIN, 0},
                                {out_->fd(), POLLIN, 0},
                                {err_->fd(), POLLIN, 0},
                                {input_.get(), POLLOUT, 0},
                                {cancel_fd, POLLIN, 0}}};
  if (::poll(polled.data(), polled.size(), poll_timeout()) < 0 && errno != EINTR) {
    throw Error(ExitCode::local_failure,
                fmt::format("cannot wait for a program: {}", reason(errno)));
  }
  if (polled[1].revents != 0) out_->drain();
  if (polled[2].revents != 0) err_->drain();
  if (polled[3].revents != 0) feed();
  if (polled[4].revents != 0) {
    result_.cancelled = true;
    request_end();
  }
  check_deadlines();
  exited_ = polled[0].revents != 0;
}

int Supervisor::poll_timeout() const {
  if (!deadline_) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void Supervisor::feed() {
  const ssize_t count = ::write(input_.get(), input_left_.data(), input_left_.size());
  if (count > 0) input_left_.remove_prefix(static_cast<std::size_t>(count));
  const bool refused = count < 0 && errno != EAGAIN && errno != EINTR;
  if (refused || input_left_.empty()) input_.close();
}

void Supervisor::check_deadlines() {
  if (!deadline_ || Clock::now() < *deadline_) return;
  if (ending_) {
    ::kill(-child_.pid, SIGKILL);
    deadline_.reset();
  } else {
    result_.timed_out = true;
    request_end();
  }
}

void Supervisor::request_end() {
  ending_ = true;
  ::kill(-child_.pid, SIGTERM);
  deadline_ = Clock::now() + grace_after_sigterm;
}

bool is_executable(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& argv, const ProcessOptions& options) {
  const SigpipeBlocked blocked;
  return Supervisor(argv, options).run();
}

Companion::Companion(const std::vector<std::string>& argv) {
  const ExecPlan plan(argv, {}, {});
  Pipe in = make_pipe();
  const Descriptor nobody = open_or_throw("/dev/null", O_WRONLY);
  child_ = start_child(plan, in.read_end, nobody, nobody, Family::session);
  input_ = std::move(in.write_end);
}

Companion::~Companion() {
  input_.close();
  pollfd ended{child_.pidfd.get(), POLLIN, 0};
  const auto grace = std::chrono::milliseconds(grace_after_sigterm).count();
  if (::poll(&ended, 1, static_cast<int>(grace)) <= 0) ::kill(-child_.pid, SIGKILL);
  reap(child_.pid);
}

pid_t start_detached(const std::vector<std::string>& argv, const std::filesystem::path& log) {
  const ExecPlan plan(argv, {}, {});
  const Descriptor in = open_or_throw("/dev/null", O_RDONLY);
  const Descriptor out = open_or_throw(log, O_WRONLY | O_CREAT | O_APPEND);
  Pipe started = make_pipe();
  Pipe failures = make_pipe();
  // Twice, so that init inherits the program and nobody here has to reap it.
  const pid_t middle = fork_or_throw(plan);
  if (middle == 0) {
    ::setsid();
    const pid_t pid = ::fork();
    if (pid == 0) plan.become(in.get(), out.get(), out.get(), failures.write_end.get());
    const int to = pid < 0 ? failures.write_end.get() : started.write_end.get();
    const int number = pid < 0 ? errno : pid;
    [[maybe_unused]] const auto sent = ::write(to, &number, sizeof number);
    ::_exit(0);
  }
  started.write_end.close();
  failures.write_end.close();
  reap(middle);
  if (const auto error = receive_number(failures.read_end)) throw_not_started(plan, *error);
  return receive_number(started.read_end).value();
}

std::optional<std::filesystem::path> find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    return is_executable(name) ? std::optional<std::filesystem::path>(name) : std::nullopt;
  }
  const char* path = std::getenv("PATH");
  const std::string folders =
      std::string(path != nullptr ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin";
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const std::filesystem::path candidate =
        std::filesystem::path(folders.substr(begin, end - begin)) / name;
    if (end > begin && is_executable(candidate)) return candidate;
    begin = end + 1;
  }
  return std::nullopt;
}

std::string_view package_of(std::string_view program) {
  using Entry = std::pair<std::string_view, std::string_view>;
  static constexpr auto packages = std::to_array<Entry>({
      {"ansible-playbook", "ansible"},
      {"apt-config", "apt"},
      {"debootstrap", "debootstrap"},
      {"g++", "g++"},
      {"gnuplot", "gnuplot-nox"},
      {"ip", "iproute2"},
      {"nft", "nftables"},
      {"qemu-aarch64-static", "qemu-user-static"},
      {"qemu-x86_64-static", "qemu-user-static"},
      {"ssh", "openssh-client"},
      {"ssh-add", "openssh-client"},
      {"ssh-agent", "openssh-client"},
      {"ssh-keygen", "openssh-client"},
      {"systemd-nspawn", "systemd-container"},
      {"tc", "iproute2"},
      {"tmux", "tmux"},
      {"unshare", "util-linux"},
  });
  const auto* const found = std::find_if(
      packages.begin(), packages.end(), [&](const Entry& entry) { return entry.first == program; });
  return found == packages.end() ? std::string_view() : found->second;
}

}  // namespace clustermpi
