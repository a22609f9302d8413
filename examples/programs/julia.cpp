// julia: a picture of a Julia set; a pool of workers is fed with it row by row.
// Run: -n 4
// Try: -n 2                              one worker does every row; the digest is the same
// Try: -n 4 -- --multiplier 2            1280 x 960
// Try: -n 4 -- --output julia.png        look at it
// Try: -n 1                              refused: a pool needs a worker
//
// Rows differ in cost by far. Whoever is done with one gets the next, so that nobody idles while
// there are rows left. A row comes straight to its place in the picture (task_farm/task_farm.hpp).
#include <algorithm>

#include "../common/example.hpp"
#include "../common/image.hpp"
#include "../task_farm/task_farm.hpp"

namespace {

const char* const usage =
    "usage: julia [--multiplier M] [--output FILE]\n"
    "Workers compute the rows of a picture of 640 x 480 points, for c = 0.65i.\n"
    "  --multiplier M   times as many points in both directions, 1 to 20 (default 1)\n"
    "  --output FILE    name.png or name.ppm (default: no file)\n";

constexpr int largest = 255;

// Counts down from 255 while z -> z^2 + 0.65i stays within the circle of radius 3.
int countdown_at(double real, double imaginary) {
  int left = largest;
  while (real * real + imaginary * imaginary < 9 && left > 1) {
    const double next_real = real * real - imaginary * imaginary;
    imaginary = 2 * real * imaginary + 0.65;
    real = next_real;
    --left;
  }
  return left;
}

std::vector<std::uint8_t> computed_row(int number, int width, int height) {
  std::vector<std::uint8_t> row(static_cast<std::size_t>(width));
  const double y = 1.5 - number * 3.0 / height;
  for (int column = 0; column < width; ++column) {
    const double x = -2.0 + column * 4.0 / width;
    row[static_cast<std::size_t>(column)] = static_cast<std::uint8_t>(countdown_at(x, y));
  }
  return row;
}

// The master's part: whether all rows have come.
bool collect(example::Image& image) {
  std::vector<int> numbers(static_cast<std::size_t>(image.height));
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto row_bytes = static_cast<std::size_t>(image.width);
  task_farm::Master farm(MPI_COMM_WORLD);
  for (const int& number : numbers) farm.add(number, task_farm::Room(image.row(number), row_bytes));
  bool ok = true;
  while (const auto outcome = farm.next()) {
    if (outcome->ok) continue;
    std::fprintf(stderr, "julia: row %d: %s\n", outcome->task, outcome->error.c_str());
    ok = false;
  }
  farm.stop();
  if (!farm.lost().empty()) throw std::runtime_error(farm.lost().front().why);
  return ok;
}

// A worker's part: the sum of its rows' digests.
std::uint64_t work(int width, int height, int& rows) {
  std::uint64_t sum = 0;
  task_farm::Worker worker(MPI_COMM_WORLD);
  worker.serve<int>([&](int number) {
    std::vector<std::uint8_t> row = computed_row(number, width, height);
    sum += example::digest(row.data(), row.size());
    ++rows;
    return row;
  });
  return sum;
}

int julia(example::Program& program) {
  const int multiplier = program.small_number("--multiplier", 1, 1, 20);
  const std::string file = example::image_file(program);
  program.require_ranks(2);
  const int width = 640 * multiplier;
  const int height = 480 * multiplier;

  const double begin = MPI_Wtime();
  example::Image image(width, program.rank == 0 ? height : 0);
  bool ok = true;
  int rows = 0;
  std::uint64_t sent = 0;
  if (program.rank == 0) {
    ok = collect(image);
  } else {
    sent = work(width, height, rows);
  }
  const double seconds = MPI_Wtime() - begin;
  program.say_if(program.rank != 0, "has computed ", rows, " rows");

  // Every row has to be what a worker sent, and every 16th what rank 0 computes itself.
  MPI_Allreduce(MPI_IN_PLACE, &sent, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
  std::uint64_t received = 0;
  for (int row = 0; row < image.height; ++row) {
    received += example::digest(image.row(row), static_cast<std::size_t>(width));
    if (row % 16 != 0) continue;
    const std::vector<std::uint8_t> again = computed_row(row, width, height);
    ok = ok && std::equal(again.begin(), again.end(), image.row(row));
  }
  if (program.rank == 0) {
    ok = ok && received == sent;
    if (!file.empty() && !example::write_image(image, largest, file)) {
      std::fprintf(stderr, "julia: cannot write '%s'\n", file.c_str());
      ok = false;
    }
  }
  return program.result(ok, "width=", width, " height=", height, " workers=", program.size - 1,
                        " digest=", example::digest(image.pixels.data(), image.pixels.size()),
                        " seconds=", seconds);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "julia", usage, julia);
}
