#include "cli/node_output.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace clustermpi::cli {
namespace {

class NodeOutputTest : public testing::Test {
 protected:
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  CancelToken cancel;
  Session session{Streams{.in = in, .out = out, .err = err, .err_is_terminal = true}, cancel};
};

TEST_F(NodeOutputTest, OnlyATerminalIsShielded) {
  NodeOutput plain(session, Stream::out);
  NodeOutput shielded(session, Stream::err);
  for (NodeOutput* output : {&plain, &shielded}) {
    for (const std::string piece : {"gr\xc3", "\xbcn\x1b[31m\xff", "\xe6\x97"})
      output->print(piece);
    output->end();
  }
  EXPECT_EQ(out.str(), "gr\xc3\xbcn\x1b[31m\xff\xe6\x97");
  EXPECT_EQ(err.str(), "gr\xc3\xbcn\\x1b[31m\\xff\\xe6\\x97");
}

TEST_F(NodeOutputTest, LinesHaveTheirPrefix) {
  print_line(session, Stream::out, "[3] ", "a\x1b");
  print_line(session, Stream::err, "red: ", "a\x1b");
  EXPECT_EQ(out.str(), "[3] a\x1b\n");
  EXPECT_EQ(err.str(), "red: a\\x1b\n");
}

TEST_F(NodeOutputTest, WhatNobodyTakesEndsTheRun) {
  NodeOutput output(session, Stream::out);
  output.print("a");
  EXPECT_FALSE(cancel.cancelled());
  out.setstate(std::ios::badbit);
  output.print("b");
  EXPECT_TRUE(cancel.cancelled());
}

}  // namespace
}  // namespace clustermpi::cli
