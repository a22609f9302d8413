#include "provision/steps/bootstrap.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "provision/descriptor.hpp"

namespace clustermpi {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    out = Descriptor(ends[0]);
    in = Descriptor(ends[1]);
  }
  void write(std::string_view text) const {
    ASSERT_EQ(::write(in.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  Descriptor out;
  Descriptor in;
};

class ReadPasswords : public ::testing::Test {
 protected:
  Passwords read(bool each) {
    return read_passwords(pipe_.out.get(), {"red", "blue"}, each, cancel_);
  }
  void expect_error(bool each, ExitCode code, const std::string& message, const std::string& hint) {
    try {
      (void)read(each);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      EXPECT_EQ(error.what(), message);
      EXPECT_EQ(error.hint(), hint);
    }
  }
  Pipe pipe_;
  CancelToken cancel_;
};

TEST_F(ReadPasswords, OneLineIsForAllHostsAndTheOtherEndMayStayOpen) {
  pipe_.write("a b\nrest");
  const Passwords passwords = read(false);
  EXPECT_EQ(passwords.at("red")->text(), "a b");
  EXPECT_EQ(passwords.at("blue")->text(), "a b");
  std::array<char, 8> rest{};
  EXPECT_EQ(::read(pipe_.out.get(), rest.data(), rest.size()), 4);
}

TEST_F(ReadPasswords, ALineAHostTheLastWithoutItsNewline) {
  pipe_.write("first\nsecond");
  pipe_.in.close();
  const Passwords passwords = read(true);
  EXPECT_EQ(passwords.at("red")->text(), "first");
  EXPECT_EQ(passwords.at("blue")->text(), "second");
}

TEST_F(ReadPasswords, TooFewLines) {
  pipe_.write("first\n");
  pipe_.in.close();
  expect_error(true, ExitCode::usage,
               "--password-fd " + std::to_string(pipe_.out.get()) + ": 1 line, but 2 are needed",
               "with --each-password it has a line for each host, in their order");
}

TEST_F(ReadPasswords, AWaitIsEndedByCtrlC) {
  cancel_.cancel();
  expect_error(false, ExitCode::interrupted, "interrupted", "run the same command again to go on");
}

TEST_F(ReadPasswords, ProgramsThatWeStartDoNotInheritIt) {
  pipe_.write("a\n");
  (void)read(false);
  EXPECT_EQ(::fcntl(pipe_.out.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(ReadPasswords, ATerminalIsRefused) {
  pipe_.out = Descriptor(::posix_openpt(O_RDWR | O_NOCTTY));
  ASSERT_TRUE(pipe_.out.is_open());
  expect_error(false, ExitCode::usage,
               "--password-fd " + std::to_string(pipe_.out.get()) +
                   " is a terminal: a password typed there is seen",
               "leave --password-fd out: bootstrap asks for it, and shows nothing");
}

}  // namespace
}  // namespace clustermpi
