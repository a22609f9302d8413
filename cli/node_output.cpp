#include "cli/node_output.hpp"

#include <ostream>

namespace clustermpi::cli {

namespace {

void print_at_once(Session& session, Stream stream, std::initializer_list<std::string_view> texts) {
  std::ostream& to = session.stream(stream);
  for (const std::string_view text : texts) to << text;
  to << std::flush;
  if (!to) session.cancel().cancel();
}

}  // namespace

void NodeOutput::print(std::string_view piece) {
  if (session_.is_terminal(stream_)) {
    print_at_once(session_, stream_, {pieces_.feed(piece)});
  } else {
    print_at_once(session_, stream_, {piece});
  }
}

void NodeOutput::end() {
  print_at_once(session_, stream_, {pieces_.flush()});
}

void print_line(Session& session, Stream stream, std::string_view prefix, std::string_view line) {
  if (session.is_terminal(stream)) {
    print_at_once(session, stream, {prefix, printable(line), "\n"});
  } else {
    print_at_once(session, stream, {prefix, line, "\n"});
  }
}

}  // namespace clustermpi::cli
