#include <fcntl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/migrations.h"
#include "webhookcore/store/sqlite/sqlite_error.h"

namespace webhookcore::sqlite {

namespace {

// File format of SQLite, section 1.3: 100 bytes, big endian.
constexpr std::size_t kHeaderSize = 100;
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;

// statfs(2). A log needs memory that all processes share and locks that all respect;
// network file systems have neither.
constexpr std::array<unsigned long, 4> kNetworkFileSystems = {
    0x6969,      // NFS
    0x517B,      // SMB
    0xFE534D42,  // SMB2
    0xFF534D42,  // CIFS
};

std::int64_t big_endian_32(std::string_view bytes) {
  std::int64_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

Error refuse(ErrorCode code, const std::string& path, const std::string& why) {
  return {code, path + ": " + why};
}

bool is_on_a_network(int descriptor) {
  struct statfs status = {};
  if (fstatfs(descriptor, &status) != 0) return false;
  for (const unsigned long type : kNetworkFileSystems) {
    if (static_cast<unsigned long>(status.f_type) == type) return true;
  }
  return false;
}

Result<void> judge_header(std::string_view header, const std::string& path) {
  if (header.empty()) return {};
  if (header.size() < kHeaderSize || header.substr(0, kMagic.size()) != kMagic) {
    return refuse(ErrorCode::store_corrupt, path, "is not a database");
  }
  const std::int64_t application = big_endian_32(header.substr(kApplicationIdAt));
  // Zero says nothing yet: a new file's first pages may still be in its log.
  if (application == 0) return {};
  if (application != kApplicationId) {
    return refuse(ErrorCode::store_corrupt, path, "is another program's database");
  }
  if (big_endian_32(header.substr(kUserVersionAt)) > schema_version()) {
    return refuse(ErrorCode::schema_too_new, path, "was written by a newer webhookcore");
  }
  return {};
}

}  // namespace

Result<void> check_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return refuse(ErrorCode::store_unavailable, path, system_text(errno));
  std::array<char, kHeaderSize> header{};
  const ssize_t size = pread(descriptor, header.data(), header.size(), 0);
  const int read_errno = errno;
  const bool on_a_network = is_on_a_network(descriptor);
  ::close(descriptor);

  if (on_a_network) {
    return refuse(ErrorCode::store_unavailable, path,
                  "is on a network file system, where SQLite loses data");
  }
  if (size < 0) return refuse(ErrorCode::store_unavailable, path, system_text(read_errno));
  return judge_header({header.data(), static_cast<std::size_t>(size)}, path);
}

}  // namespace webhookcore::sqlite
