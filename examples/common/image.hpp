// image.hpp: a picture of whole numbers, written as PNG or PPM.
//
// Every browser shows PNG (ISO/IEC 15948), whose pixels are stored here as they are: it takes no
// library that way. PPM, the portable pixmap, is the same pixels behind a line of text.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "example.hpp"

namespace example {

// Row by row, a number a pixel.
struct Image {
  Image(int image_width, int image_height)
      : width(image_width),
        height(image_height),
        pixels(static_cast<std::size_t>(image_width) * static_cast<std::size_t>(image_height)) {}

  std::uint8_t* row(int number) { return pixels.data() + offset(number); }
  const std::uint8_t* row(int number) const { return pixels.data() + offset(number); }

  int width;
  int height;
  std::vector<std::uint8_t> pixels;

 private:
  std::size_t offset(int number) const {
    return static_cast<std::size_t>(number) * static_cast<std::size_t>(width);
  }
};

inline bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The file that --output names, or an empty name without it.
inline std::string image_file(const Program& program) {
  std::string file = program.file("--output");
  program.require(file.empty() || ends_with(file, ".png") || ends_with(file, ".ppm"),
                  "cannot write '", file, "': the name has to end in .png or .ppm");
  return file;
}

// From dark blue over red to yellow, three bytes a pixel.
inline std::vector<std::uint8_t> coloured(const Image& image, int largest) {
  std::vector<std::uint8_t> colours;
  colours.reserve(3 * image.pixels.size());
  for (const std::uint8_t number : image.pixels) {
    const double share = static_cast<double>(number) / largest;
    colours.push_back(static_cast<std::uint8_t>(255 * std::sqrt(share)));
    colours.push_back(static_cast<std::uint8_t>(255 * share * share * share));
    colours.push_back(static_cast<std::uint8_t>(
        255 * std::fmax(0.35 * (1 - share), std::sin(2 * 3.14159265358979 * share))));
  }
  return colours;
}

namespace png {

// The bytes of a number, from the highest.
inline std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xffu);
  return bytes;
}

// The check of each chunk: CRC-32, a polynomial division bit by bit.
inline std::uint32_t crc(const std::string& bytes) {
  std::uint32_t rest = 0xffffffffu;
  for (const char byte : bytes) {
    rest ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ (rest & 1u ? 0xedb88320u : 0u);
  }
  return ~rest;
}

// The check of all rows: Adler-32 (RFC 1950), two sums that go on from row to row.
class Adler {
 public:
  void add(const std::string& bytes) {
    for (const char byte : bytes) {
      sum_ = (sum_ + static_cast<unsigned char>(byte)) % 65521;
      sum_of_sums_ = (sum_of_sums_ + sum_) % 65521;
    }
  }
  std::uint32_t value() const { return sum_of_sums_ << 16 | sum_; }

 private:
  std::uint32_t sum_ = 1;
  std::uint32_t sum_of_sums_ = 0;
};

inline std::string chunk(const std::string& name, const std::string& data) {
  return big_endian(static_cast<std::uint32_t>(data.size())) + name + data +
         big_endian(crc(name + data));
}

// A block of bytes that are not compressed (RFC 1951), at most 65535.
inline std::string stored(const std::string& bytes, bool last) {
  std::string block(1, last ? '\1' : '\0');
  for (const std::size_t length : {bytes.size(), ~bytes.size()}) {
    block += static_cast<char>(length & 0xffu);
    block += static_cast<char>(length >> 8 & 0xffu);
  }
  return block + bytes;
}

// A row is a block and a chunk of its own, which suits up to 21844 pixels.
inline void write(std::FILE* out, const Image& image, const std::vector<std::uint8_t>& colours) {
  const auto put = [out](const std::string& bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), out);
  };
  put("\x89PNG\r\n\x1a\n");
  const std::string eight_bits_rgb("\10\2\0\0\0", 5);
  put(chunk("IHDR", big_endian(static_cast<std::uint32_t>(image.width)) +
                        big_endian(static_cast<std::uint32_t>(image.height)) + eight_bits_rgb));
  put(chunk("IDAT", "\x78\1"));  // the head of what zlib would have compressed
  Adler adler;
  for (int number = 0; number < image.height; ++number) {
    const auto begin = colours.begin() + std::ptrdiff_t{3} * number * image.width;
    const std::string row = '\0' + std::string(begin, begin + 3 * image.width);  // 0: no filter
    adler.add(row);
    put(chunk("IDAT", stored(row, number + 1 == image.height)));
  }
  put(chunk("IDAT", big_endian(adler.value())));
  put(chunk("IEND", ""));
}

}  // namespace png

// Whether the whole image has been written; `largest` is the number that gets the last colour.
inline bool write_image(const Image& image, int largest, const std::string& file) {
  const std::vector<std::uint8_t> colours = coloured(image, largest);
  std::FILE* out = std::fopen(file.c_str(), "wb");
  if (out == nullptr) return false;
  if (ends_with(file, ".png")) {
    png::write(out, image, colours);
  } else {
    std::fprintf(out, "P6\n%d %d\n255\n", image.width, image.height);
    std::fwrite(colours.data(), 1, colours.size(), out);
  }
  const bool written = std::ferror(out) == 0;
  return std::fclose(out) == 0 && written;
}

}  // namespace example
