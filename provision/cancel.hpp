// One request to stop, seen by everything that waits.
#pragma once

#include <atomic>

namespace clustermpi {

/// Set once by Ctrl-C (or a test), never reset. Event loops poll fd(); straight code asks
/// cancelled().
class CancelToken {
 public:
  CancelToken();  ///< throws Error{local_failure} where no eventfd can be had
  ~CancelToken();
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void cancel() noexcept;  ///< async-signal-safe
  [[nodiscard]] bool cancelled() const noexcept {
    return cancelled_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] int fd() const noexcept { return fd_; }  ///< readable for ever once cancelled

 private:
  int fd_ = -1;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace clustermpi
