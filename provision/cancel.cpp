#include "provision/cancel.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "hosts/error.hpp"

namespace clustermpi {

CancelToken::CancelToken() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw Error(ExitCode::local_failure, "cannot create an event descriptor");
}

CancelToken::~CancelToken() {
  close(fd_);
}

void CancelToken::cancel() noexcept {
  cancelled_.store(true, std::memory_order_relaxed);
  const std::uint64_t one = 1;
  // A full counter means that it was cancelled before: nothing is lost.
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
}

}  // namespace clustermpi
