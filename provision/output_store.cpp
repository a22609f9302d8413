#include "provision/output_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "hosts/error.hpp"

namespace clustermpi {

// ---- OutputStore --------------------------------------------------------------------------------

void OutputStore::fail(std::string_view doing, int reason) const {
  throw Error(ExitCode::local_failure,
              fmt::format("cannot {} what it prints in {}: {}", doing, folder_.string(),
                          std::generic_category().message(reason)));
}

std::unique_ptr<OutputStore::Block> OutputStore::take_block() {
  held_ += block_size;
  if (free_.empty()) return std::make_unique_for_overwrite<Block>();
  auto block = std::move(free_.back());
  free_.pop_back();
  return block;
}

void OutputStore::give_back(std::unique_ptr<Block> block) {
  held_ -= block_size;
  free_.push_back(std::move(block));
}

void OutputStore::make_file() {
  std::string name = (folder_ / "output-XXXXXX").string();
  file_ = Descriptor(::mkostemp(name.data(), O_CLOEXEC));  // 0600
  if (!file_.is_open() || ::unlink(name.c_str()) != 0) fail("keep", errno);
}

std::uint64_t OutputStore::write(const Block& block) {
  if (!file_.is_open()) make_file();
  for (std::size_t done = 0; done < block.size();) {
    const ssize_t written = ::pwrite(file_.get(), block.data() + done, block.size() - done,
                                     static_cast<off_t>(file_size_ + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("keep", written < 0 ? errno : ENOSPC);
    done += static_cast<std::size_t>(written);
  }
  // Only now: what was written in part is written over by the next one.
  return std::exchange(file_size_, file_size_ + block.size());
}

void OutputStore::read(std::uint64_t offset, Block& block) const {
  for (std::size_t done = 0; done < block.size();) {
    const ssize_t got = ::pread(file_.get(), block.data() + done, block.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("read back", got < 0 ? errno : EIO);
    done += static_cast<std::size_t>(got);
  }
}

// ---- OutputLog ----------------------------------------------------------------------------------

namespace {

std::uint64_t mixed(std::uint64_t hash, std::string_view more) {
  return hash * 0x9e3779b97f4a7c15 + std::hash<std::string_view>{}(more);
}

}  // namespace

OutputLog::~OutputLog() {
  for (auto& one : blocks_) store_.give_back(std::move(one));
}

void OutputLog::append(std::string_view data) {
  while (!data.empty()) {
    if (blocks_.empty() || filled_ == OutputStore::block_size) begin_block();
    Block& last = *blocks_.back();
    const std::string_view piece = data.substr(0, last.size() - filled_);
    std::memcpy(last.data() + filled_, piece.data(), piece.size());
    filled_ += piece.size();
    size_ += piece.size();
    newlines_ += static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
    last_ = piece.back();
    if (filled_ == last.size()) hash_ = mixed(hash_, {last.data(), last.size()});
    data.remove_prefix(piece.size());
  }
}

/// All blocks are full when this is called.
void OutputLog::begin_block() {
  if (blocks_.size() * OutputStore::block_size >= OutputStore::memory_of_one_log ||
      store_.held() >= OutputStore::memory_of_all_logs)
    spill();
  blocks_.push_back(store_.take_block());
  filled_ = 0;
}

void OutputLog::spill() {
  std::vector<std::uint64_t> offsets;
  for (const auto& one : blocks_) offsets.push_back(store_.write(*one));
  spilled_.insert(spilled_.end(), offsets.begin(), offsets.end());
  for (auto& one : std::exchange(blocks_, {})) store_.give_back(std::move(one));
}

std::uint64_t OutputLog::lines() const {
  return newlines_ + (ends_with_newline() ? 0 : 1);
}

std::string_view OutputLog::block(std::size_t index, Block& buffer) const {
  if (index < spilled_.size()) {
    store_.read(spilled_[index], buffer);
    return {buffer.data(), buffer.size()};
  }
  const Block& kept = *blocks_[index - spilled_.size()];
  return {kept.data(), index + 1 == block_count() ? filled_ : kept.size()};
}

std::uint64_t OutputLog::fingerprint() const {
  std::uint64_t hash = mixed(hash_, std::to_string(size_));
  if (!blocks_.empty() && filled_ < OutputStore::block_size)
    hash = mixed(hash, {blocks_.back()->data(), filled_});
  return hash;
}

bool OutputLog::operator==(const OutputLog& other) const {
  if (size_ != other.size_ || fingerprint() != other.fingerprint()) return false;
  const auto ours = std::make_unique<Block>();
  const auto theirs = std::make_unique<Block>();
  for (std::size_t i = 0; i < block_count(); ++i)
    if (block(i, *ours) != other.block(i, *theirs)) return false;
  return true;
}

void OutputLog::read(const std::function<bool(std::string_view)>& take) const {
  const auto buffer = std::make_unique<Block>();
  for (std::size_t i = 0; i < block_count(); ++i)
    if (!take(block(i, *buffer))) return;
}

std::string OutputLog::head(std::size_t limit) const {
  std::string text;
  read([&](std::string_view piece) {
    text += piece.substr(0, limit - text.size());
    return text.size() < limit;
  });
  return text;
}

}  // namespace clustermpi
