// What many commands print, kept until it is shown, in bounded memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "provision/descriptor.hpp"

namespace clustermpi {

/// The memory that all logs of a run may take together, and the one file that takes the rest. The
/// file has no name from the start: nobody else opens it, and it goes away with us however we end.
class OutputStore {
 public:
  static constexpr std::size_t block_size = 16u << 10;
  static constexpr std::size_t memory_of_one_log = 1u << 20;
  /// Beyond it each log keeps the block that it is filling.
  static constexpr std::size_t memory_of_all_logs = 32u << 20;

  /// The file is made in `folder` when it is first needed.
  explicit OutputStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::size_t held() const { return held_; }  ///< in memory, by all logs

 private:
  friend class OutputLog;
  using Block = std::array<char, block_size>;

  [[nodiscard]] std::unique_ptr<Block> take_block();
  void give_back(std::unique_ptr<Block> block);  ///< for the next log that needs one
  /// Where it is from then on; throws Error{local_failure}.
  std::uint64_t write(const Block& block);
  void read(std::uint64_t offset, Block& block) const;
  void make_file();
  [[noreturn]] void fail(std::string_view doing, int reason) const;

  std::filesystem::path folder_;
  Descriptor file_;
  std::uint64_t file_size_ = 0;
  std::size_t held_ = 0;
  std::vector<std::unique_ptr<Block>> free_;
};

/// One stream of one command.
class OutputLog {
 public:
  /// `store` outlives the log.
  explicit OutputLog(OutputStore& store) : store_(store) {}
  ~OutputLog();
  OutputLog(const OutputLog&) = delete;
  OutputLog& operator=(const OutputLog&) = delete;

  /// Throws Error{local_failure} where there is no room left on the disk; what came before is kept.
  void append(std::string_view data);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t lines() const;  ///< the last one may lack its newline
  [[nodiscard]] bool ends_with_newline() const { return last_ == '\n'; }

  /// Equal for equal output, and for little else: who is not fooled asks operator== then.
  [[nodiscard]] std::uint64_t fingerprint() const;
  [[nodiscard]] bool operator==(const OutputLog& other) const;

  /// All of it in order, in pieces that need not be lines, until `take` says that it has enough.
  void read(const std::function<bool(std::string_view)>& take) const;
  [[nodiscard]] std::string head(std::size_t limit) const;  ///< the first `limit` bytes

 private:
  using Block = OutputStore::Block;

  void begin_block();
  void spill();
  [[nodiscard]] std::size_t block_count() const { return spilled_.size() + blocks_.size(); }
  /// `buffer` is used where the block has to be read from the file.
  [[nodiscard]] std::string_view block(std::size_t index, Block& buffer) const;

  OutputStore& store_;
  std::vector<std::uint64_t> spilled_;          ///< where the file has the first blocks, all full
  std::vector<std::unique_ptr<Block>> blocks_;  ///< those that follow, all but the last full
  std::size_t filled_ = 0;                      ///< of the last block
  std::uint64_t size_ = 0;
  std::uint64_t newlines_ = 0;
  std::uint64_t hash_ = 0;  ///< of the full blocks
  char last_ = '\n';
};

/// What one host printed.
struct HostOutput {
  explicit HostOutput(OutputStore& store) : out(store), err(store) {}
  [[nodiscard]] bool operator==(const HostOutput& other) const {
    return out == other.out && err == other.err;
  }

  OutputLog out;
  OutputLog err;
};

}  // namespace clustermpi
