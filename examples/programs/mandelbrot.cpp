// mandelbrot: a picture of the Mandelbrot set; each rank computes a block of rows.
// Run: -n 4
// Try: -n 3                                  blocks of 267, 267 and 266 rows, the same digest
// Try: -n 4 -- --output mandelbrot.png       look at it
// Try: -n 4 -- --iterations 20               a coarser edge
//
// MPI_Scan tells each rank how many rows the ranks before it have, and so where its own begin;
// MPI_Gatherv puts blocks of different length together. The blocks differ in cost as well: rows
// through the middle take longest. julia shares its rows out in a way that copes with that.
#include <algorithm>

#include "../common/example.hpp"
#include "../common/image.hpp"

namespace {

const char* const usage =
    "usage: mandelbrot [--iterations N] [--output FILE]\n"
    "The ranks compute a picture of 1200 x 800 points between -2 - i and 1 + i.\n"
    "  --iterations N   after which a point belongs to the set (default 127)\n"
    "  --output FILE    name.png or name.ppm (default: no file)\n";

constexpr int width = 1200;
constexpr int height = 800;

// How many steps of z -> z^2 + c it takes to leave the circle of radius 2.
int steps_at(double x, double y, int most) {
  double real = 0;
  double imaginary = 0;
  int steps = 0;
  while (real * real + imaginary * imaginary < 4 && steps < most) {
    const double next_real = real * real - imaginary * imaginary + x;
    imaginary = 2 * real * imaginary + y;
    real = next_real;
    ++steps;
  }
  return steps;
}

void compute_row(int number, int iterations, std::uint8_t* row) {
  const double y = -1.0 + number * 2.0 / height;
  for (int column = 0; column < width; ++column) {
    const double x = -2.0 + column * 3.0 / width;
    row[column] = static_cast<std::uint8_t>(steps_at(x, y, iterations));
  }
}

int mandelbrot(example::Program& program) {
  const int iterations = program.small_number("--iterations", 127, 1, 255);
  const std::string file = example::image_file(program);
  const double begin = MPI_Wtime();

  // The first ranks take a row more where they do not divide.
  const int rows = height / program.size + (program.rank < height % program.size ? 1 : 0);
  int rows_up_to_mine = 0;
  MPI_Scan(&rows, &rows_up_to_mine, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  const int first = rows_up_to_mine - rows;

  example::Image block(width, rows);
  for (int i = 0; i < rows; ++i) compute_row(first + i, iterations, block.row(i));

  // Lengths and places in the picture are counted in rows.
  std::vector<int> counts(static_cast<std::size_t>(program.size));
  std::vector<int> places(counts.size());
  MPI_Gather(&rows, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  MPI_Gather(&first, 1, MPI_INT, places.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  MPI_Datatype row_type;
  MPI_Type_contiguous(width, MPI_BYTE, &row_type);
  MPI_Type_commit(&row_type);
  example::Image image(width, program.rank == 0 ? height : 0);
  MPI_Gatherv(block.pixels.data(), rows, row_type, image.pixels.data(), counts.data(),
              places.data(), row_type, 0, MPI_COMM_WORLD);
  MPI_Type_free(&row_type);
  const double seconds = MPI_Wtime() - begin;
  program.say("has computed rows ", first, " to ", first + rows - 1);

  // Rank 0 computes one row of each rank again, and every row has to be what its rank sent.
  std::uint64_t sent = 0;
  for (int i = 0; i < rows; ++i) sent += example::digest(block.row(i), width);
  MPI_Allreduce(MPI_IN_PLACE, &sent, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD);
  std::uint64_t received = 0;
  bool ok = true;
  for (int row = 0; row < image.height; ++row) {
    received += example::digest(image.row(row), width);
  }
  std::vector<std::uint8_t> again(width);
  for (int rank = 0; program.rank == 0 && rank < program.size; ++rank) {
    const int row = places[static_cast<std::size_t>(rank)];
    if (row >= height) break;  // more ranks than rows
    compute_row(row, iterations, again.data());
    ok = ok && std::equal(again.begin(), again.end(), image.row(row));
  }
  if (program.rank == 0) {
    ok = ok && received == sent;
    if (!file.empty() && !example::write_image(image, iterations, file)) {
      std::fprintf(stderr, "mandelbrot: cannot write '%s'\n", file.c_str());
      ok = false;
    }
  }
  return program.result(ok, "width=", width, " height=", height, " iterations=", iterations,
                        " digest=", example::digest(image.pixels.data(), image.pixels.size()),
                        " seconds=", seconds);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "mandelbrot", usage, mandelbrot);
}
