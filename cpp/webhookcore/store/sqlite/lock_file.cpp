#include "webhookcore/store/sqlite/lock_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

constexpr std::int64_t kGateByte = 0;
constexpr std::int64_t kLeaderByte = 1;
constexpr std::int64_t kWaitingByte = 2;
constexpr std::int64_t kFirstOwnerByte = 4096;
// 40 bits: at a thousand living owners a collision has a chance of one in 10^9, and
// it only costs another draw.
constexpr std::uint64_t kOwnerMask = (std::uint64_t{1} << 40) - 1;

struct flock range(short type, std::int64_t at) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<void> LockFile::open() {
  if (is_open()) return {};
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) {
    return Error{errno == ENOSPC ? ErrorCode::store_full : ErrorCode::store_unavailable,
                 path_ + ": " + system_text(errno)};
  }
  if (auto taken = take_owner_number(); !taken) {
    close();
    return taken;
  }
  return {};
}

Result<void> LockFile::take_owner_number() {
  for (int tries = 0; tries < 100; ++tries) {
    const auto number = static_cast<std::int64_t>(random_.draw() & kOwnerMask) + 1;
    if (lock(F_WRLCK, kFirstOwnerByte + number)) {
      owner_ = number;
      return {};
    }
    if (errno != EACCES && errno != EAGAIN) break;
  }
  return Error{ErrorCode::store_unavailable, path_ + ": cannot be locked: " + system_text(errno)};
}

void LockFile::close() {
  if (!is_open()) return;
  ::close(descriptor_);
  forget();
}

void LockFile::forget() {
  descriptor_ = -1;
  owner_ = 0;
}

bool LockFile::lock(short type, std::int64_t at) const {
  struct flock request = range(type, at);
  return fcntl(descriptor_, F_SETLK, &request) == 0;
}

bool LockFile::is_locked_elsewhere(std::int64_t at) const {
  struct flock request = range(F_WRLCK, at);
  // When the system cannot say, the owner counts as alive: its lease ends anyway.
  return fcntl(descriptor_, F_GETLK, &request) != 0 || request.l_type != F_UNLCK;
}

bool LockFile::try_gate() { return lock(F_WRLCK, kGateByte); }
void LockFile::release_gate() { lock(F_UNLCK, kGateByte); }
void LockFile::show_waiting() { lock(F_RDLCK, kWaitingByte); }
void LockFile::hide_waiting() { lock(F_UNLCK, kWaitingByte); }
bool LockFile::others_wait() const { return is_locked_elsewhere(kWaitingByte); }

bool LockFile::try_leadership() { return lock(F_WRLCK, kLeaderByte); }
void LockFile::release_leadership() { lock(F_UNLCK, kLeaderByte); }

std::optional<std::int64_t> LockFile::leader() const {
  struct flock request = range(F_WRLCK, kLeaderByte);
  if (fcntl(descriptor_, F_GETLK, &request) != 0 || request.l_type == F_UNLCK) return std::nullopt;
  return request.l_pid;
}

bool LockFile::is_alive(std::int64_t owner) const {
  if (owner == owner_) return true;
  // A number that was never given out; the offset below would not be sound.
  if (owner <= 0 || owner > static_cast<std::int64_t>(kOwnerMask) + 1) return false;
  return is_locked_elsewhere(kFirstOwnerByte + owner);
}

}  // namespace webhookcore::sqlite
