// Which file a path leads to, whatever it is called there.
#pragma once

#include <sys/types.h>

#include <string>
#include <tuple>

namespace webhookcore::sqlite {

// A file that is not there has inode 0, which no file has.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
  bool operator<(const FileIdentity& other) const {
    return std::tie(device, inode) < std::tie(other.device, other.inode);
  }
};

// By stat(2): opens nothing, because closing a descriptor of a database would drop
// the locks that SQLite holds on it in this process.
FileIdentity identify(const std::string& path);

}  // namespace webhookcore::sqlite
