#include "provision/ssh/input_stream.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "provision/descriptor.hpp"

namespace clustermpi {
namespace {

TEST(InputStream, InPiecesItsEndIsOneOfThem) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  InputStream stream(reading.get(), InputStream::Form::pieces);
  const auto reader = stream.add_reader();
  ASSERT_EQ(::write(writing.get(), "hello", 5), 5);
  stream.fill();
  EXPECT_EQ(stream.unread(reader), "5\nhello");
  stream.take(reader, 3);
  ASSERT_EQ(::write(writing.get(), "0\n", 2), 2);
  stream.fill();
  EXPECT_EQ(stream.unread(reader), "ello2\n0\n");
  writing.close();
  stream.fill();
  EXPECT_EQ(stream.unread(reader), "ello2\n0\n0\n");
  EXPECT_FALSE(stream.wants_data());
}

}  // namespace
}  // namespace clustermpi
