// The command line in process, on an inventory whose hosts are real sshd processes on loopback.
#pragma once

#include <gmock/gmock.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/app.hpp"
#include "tests/ssh/sshd.hpp"

namespace clustermpi::test {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

/// Hosts red01 to red04: four addresses of one sshd, so that they have one host key.
class AppOnSshd : public testing::Test {
 protected:
  AppOnSshd() {
    fs::current_path(folder.path());
    unsetenv("CLUSTERMPI_INVENTORY");
    make_key(file("user_key"));
    start_nodes();
    write_inventory();
  }
  ~AppOnSshd() override { fs::current_path("/"); }

  /// What the program reads as its stdin while this lives: `text` and its end, or a pipe that stays
  /// open and empty.
  class Input {
   public:
    explicit Input(AppOnSshd& test) : Input(test, "", true) {}
    Input(AppOnSshd& test, std::string text) : Input(test, std::move(text), false) {}
    ~Input() {
      test_.in_fd = -1;
      read_end_.close();  // a writer that waits is to go
    }
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

   private:
    Input(AppOnSshd& test, std::string text, bool stays_open) : test_(test) {
      int ends[2];
      if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
      read_end_ = Descriptor(ends[0]);
      write_end_ = Descriptor(ends[1]);
      test_.in_fd = read_end_.get();
      std::signal(SIGPIPE, SIG_IGN);
      if (stays_open) return;
      writer_ = std::jthread([this, text = std::move(text)] {
        for (std::string_view rest = text; !rest.empty();) {
          const ssize_t written = ::write(write_end_.get(), rest.data(), rest.size());
          if (written <= 0) break;
          rest.remove_prefix(static_cast<std::size_t>(written));
        }
        write_end_.close();
      });
    }

    AppOnSshd& test_;
    Descriptor read_end_;
    Descriptor write_end_;
    std::jthread writer_;
  };

  [[nodiscard]] fs::path file(const std::string& name) const { return folder.path() / name; }

  void start_nodes() {
    nodes.reset();
    nodes = std::make_unique<Sshd>(
        file("nodes"), std::vector{own_address(1), own_address(2), own_address(3), own_address(4)});
    fs::copy_file(file("user_key.pub"), nodes->authorized_keys(),
                  fs::copy_options::overwrite_existing);
  }

  /// `more` are further tables.
  void write_inventory(const std::string& policy = "accept-new", const std::string& more = "") {
    const std::string first = own_address(1);
    write_file("cluster.toml",
               fmt::format("[cluster]\nuser = \"{}\"\n\n[[hosts]]\nnames = \"red0[1-4]\"\n"
                           "address = \"{}[1-4]\"\n\n{}[ssh]\nport = {}\nidentity = \"{}\"\n"
                           "host_key_policy = \"{}\"\n",
                           current_user(), first.substr(0, first.size() - 1), more, nodes->port(),
                           file("user_key").string(), policy));
  }

  Outcome run(const std::vector<std::string>& arguments) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    CancelToken cancel;
    cli::Streams streams{in, out, err};
    streams.in_fd = in_fd;
    streams.terminal = terminal;
    streams.out_is_terminal = out_is_terminal;
    Outcome outcome;
    outcome.status = cli::run_app(arguments, streams, cancel);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }

  /// Its host keys on file, so that no test has news of them.
  void pin_all() { ASSERT_EQ(run({"exec", "--", "true"}).status, 0); }

  [[nodiscard]] std::string print() const { return fingerprint(public_key(nodes->host_key())); }
  [[nodiscard]] fs::path pins() const { return file(".clustermpi/known_hosts"); }
  [[nodiscard]] std::string place(unsigned node) const {
    return fmt::format("{} port {}", own_address(node), nodes->port());
  }

  TemporaryFolder folder;
  std::unique_ptr<Sshd> nodes;
  int in_fd = -1;
  std::string terminal;
  bool out_is_terminal = false;
};

}  // namespace clustermpi::test
