// kmeans: points are sorted into clusters around centres, which move until nothing changes.
// Run: -n 4
// Try: -n 1                               the same centres, to the last digit
// Try: -n 4 -- --clusters 2               fewer centres: a rougher picture
// Try: -n 4 -- --points 100001            more points, and a number that does not divide
//
// Each rank keeps its share of the points for good. In every round it finds the nearest centre for
// each and adds them up; one MPI_Allreduce adds up the ranks, so that all compute the same new
// centres. Only sums travel, never points. Coordinates are whole numbers, whose sums do not
// depend on their order: any number of ranks gives the same centres.
#include "../common/example.hpp"

namespace {

const char* const usage =
    "usage: kmeans [--points N] [--clusters K]\n"
    "The ranks find the centres of clusters of random points in a plane.\n"
    "  --points N     number of points (default 20000)\n"
    "  --clusters K   number of clusters, not more than points, 1 to 64 (default 4)\n";

constexpr int most_rounds = 1000;

struct Point {
  std::int64_t x;
  std::int64_t y;
  bool operator==(const Point& other) const { return x == other.x && y == other.y; }
};

std::ostream& operator<<(std::ostream& out, const Point& point) {
  return out << '(' << point.x << ", " << point.y << ')';
}

// The points lie around four corners of a square, within a smaller square.
Point point_at(std::int64_t index) {
  const std::uint64_t bits = example::random_bits(static_cast<std::uint64_t>(index));
  const auto corner = [](bool far) { return far ? 30'000 : 10'000; };
  const auto scatter = [](std::uint64_t low) {
    return static_cast<std::int64_t>(low % 12'000) - 6'000;
  };
  return {corner((bits & 1u) != 0) + scatter(bits >> 8 & 0xffffffu),
          corner((bits & 2u) != 0) + scatter(bits >> 40)};
}

std::vector<Point> points_between(std::int64_t begin, std::int64_t end) {
  std::vector<Point> points;
  for (std::int64_t i = begin; i < end; ++i) points.push_back(point_at(i));
  return points;
}

std::int64_t squared_distance(const Point& a, const Point& b) {
  return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y);
}

std::size_t nearest(const Point& point, const std::vector<Point>& centres) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < centres.size(); ++i) {
    if (squared_distance(point, centres[i]) < squared_distance(point, centres[best])) best = i;
  }
  return best;
}

// What the points of a cluster add up to.
struct Sum {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t points = 0;
};

struct Clusters {
  std::vector<Point> centres;
  std::vector<std::int64_t> sizes;
  int rounds = 0;
};

// Begins with the first points of all as centres. `comm` is who has a share of the points.
Clusters find_clusters(const std::vector<Point>& mine, int count, MPI_Comm comm) {
  Clusters clusters{points_between(0, count), std::vector<std::int64_t>(), 0};
  bool moved = true;
  while (moved && clusters.rounds < most_rounds) {
    std::vector<Sum> sums(clusters.centres.size());
    for (const Point& point : mine) {
      Sum& sum = sums[nearest(point, clusters.centres)];
      sum.x += point.x;
      sum.y += point.y;
      ++sum.points;
    }
    MPI_Allreduce(MPI_IN_PLACE, sums.data(), 3 * count, MPI_INT64_T, MPI_SUM, comm);

    moved = false;
    clusters.sizes.clear();
    for (std::size_t i = 0; i < sums.size(); ++i) {
      clusters.sizes.push_back(sums[i].points);
      if (sums[i].points == 0) continue;  // a centre without points stays where it is
      const Point centre{sums[i].x / sums[i].points, sums[i].y / sums[i].points};
      moved = moved || !(centre == clusters.centres[i]);
      clusters.centres[i] = centre;
    }
    ++clusters.rounds;
  }
  return clusters;
}

int kmeans(example::Program& program) {
  const std::int64_t count = program.number("--points", 20'000, 1, 100'000'000);
  const int cluster_count = program.small_number("--clusters", 4, 1, 64);
  program.require(cluster_count <= count, count, " points cannot have ", cluster_count,
                  " clusters");

  const std::int64_t begin = count * program.rank / program.size;
  const std::int64_t end = count * (program.rank + 1) / program.size;
  const double start = MPI_Wtime();
  const Clusters found = find_clusters(points_between(begin, end), cluster_count, MPI_COMM_WORLD);
  const double seconds = MPI_Wtime() - start;
  program.say("has ", end - begin, " points");
  program.say_if(program.rank == 0, "has the centres ", found.centres, " of ", found.sizes,
                 " points");

  // Rank 0 does it all again alone.
  bool ok = true;
  if (program.rank == 0) {
    const Clusters alone = find_clusters(points_between(0, count), cluster_count, MPI_COMM_SELF);
    ok = found.rounds < most_rounds && found.centres == alone.centres && found.sizes == alone.sizes;
  }
  return program.result(ok, "points=", count, " clusters=", cluster_count, " rounds=", found.rounds,
                        " seconds=", seconds);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "kmeans", usage, kmeans);
}
