// image.hpp: a picture of whole numbers, written as PNG or PPM.
//
// PNG needs libpng: WITH_PNG says that the program is built with it. PPM, the portable pixmap,
// needs nothing, and most viewers and converters know it.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#ifdef WITH_PNG
#include <png.h>
#endif

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

// Whether write_image() can write a file of this name here.
inline bool is_image_name(const std::string& file) {
#ifdef WITH_PNG
  if (ends_with(file, ".png")) return true;
#endif
  return ends_with(file, ".ppm");
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

// Whether the whole image has been written; `largest` is the number that gets the last colour.
inline bool write_image(const Image& image, int largest, const std::string& file) {
  const std::vector<std::uint8_t> colours = coloured(image, largest);
#ifdef WITH_PNG
  if (ends_with(file, ".png")) {
    png_image png{};
    png.version = PNG_IMAGE_VERSION;
    png.width = static_cast<png_uint_32>(image.width);
    png.height = static_cast<png_uint_32>(image.height);
    png.format = PNG_FORMAT_RGB;
    return png_image_write_to_file(&png, file.c_str(), 0, colours.data(), 0, nullptr) != 0;
  }
#endif
  std::FILE* out = std::fopen(file.c_str(), "wb");
  if (out == nullptr) return false;
  std::fprintf(out, "P6\n%d %d\n255\n", image.width, image.height);
  const bool written = std::fwrite(colours.data(), 1, colours.size(), out) == colours.size();
  return std::fclose(out) == 0 && written;
}

}  // namespace example
