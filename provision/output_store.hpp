// What many commands print, kept until it is shown, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "provision/descriptor.hpp"

// OpenSSL's EVP_MD_CTX.
struct evp_md_ctx_st;

namespace clustermpi {

/// The memory that all logs of a run may take together, and the one file that takes the rest. The
/// file has no name from the start: nobody else opens it, and it goes away with us however we end.
class OutputStore {
 public:
  static constexpr std::size_t memory_of_one_log = 1u << 20;
  static constexpr std::size_t memory_of_all_logs = 32u << 20;

  /// The file is made in `folder` when it is first needed.
  explicit OutputStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::size_t held() const { return held_; }  ///< in memory, by all logs

 private:
  friend class OutputLog;

  void write(std::string_view data);  ///< appends; throws Error{local_failure}
  void read(std::uint64_t offset, char* data, std::size_t size) const;
  void make_file();
  [[noreturn]] void fail(std::string_view doing, int reason) const;

  std::filesystem::path folder_;
  Descriptor file_;
  std::uint64_t file_size_ = 0;
  std::size_t held_ = 0;
};

/// One stream of one command.
class OutputLog {
 public:
  /// `store` outlives the log.
  explicit OutputLog(OutputStore& store);
  ~OutputLog();
  OutputLog(const OutputLog&) = delete;
  OutputLog& operator=(const OutputLog&) = delete;

  /// Throws Error{local_failure} where there is no room left on the disk; what came before is kept.
  void append(std::string_view data);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t lines() const;  ///< the last one may lack its newline
  [[nodiscard]] bool ends_with_newline() const { return last_ == '\n'; }
  /// Equal for equal output, and for no other.
  [[nodiscard]] std::string digest() const;

  /// All of it in order, in pieces that need not be lines, until `take` says that it has enough.
  void read(const std::function<bool(std::string_view)>& take) const;
  [[nodiscard]] std::string head(std::size_t limit) const;  ///< the first `limit` bytes

 private:
  struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  void spill();

  OutputStore& store_;
  std::vector<Extent> spilled_;  ///< where the file has what came before `held_`
  std::string held_;
  std::uint64_t size_ = 0;
  std::uint64_t newlines_ = 0;
  char last_ = '\n';
  std::unique_ptr<evp_md_ctx_st, Free> digest_;
};

/// What one host printed.
struct HostOutput {
  explicit HostOutput(OutputStore& store) : out(store), err(store) {}
  [[nodiscard]] std::string digest() const { return out.digest() + err.digest(); }

  OutputLog out;
  OutputLog err;
};

}  // namespace clustermpi
