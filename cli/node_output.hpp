// What nodes print, on our stdout and stderr: untouched, and without its control characters where
// that is a terminal.
#pragma once

#include <string_view>

#include "cli/app.hpp"
#include "provision/printable_pieces.hpp"

namespace clustermpi::cli {

/// One stream, in pieces that may cut a character in two.
class NodeOutput {
 public:
  /// `session` outlives it.
  NodeOutput(Session& session, Stream stream) : session_(session), stream_(stream) {}

  /// At once. Where that fails the run is cancelled: whoever read it has had enough, as `head` has,
  /// or the disk is full, and a command that never ends must.
  void print(std::string_view piece);
  void end();  ///< no more comes

 private:
  Session& session_;
  Stream stream_;
  PrintablePieces pieces_;
};

/// A whole line behind `prefix`, as NodeOutput does it.
void print_line(Session& session, Stream stream, std::string_view prefix, std::string_view line);

}  // namespace clustermpi::cli
