#include "webhookcore/store/sqlite/file_identity.h"

#include <sys/stat.h>

namespace webhookcore::sqlite {

FileIdentity identify(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

}  // namespace webhookcore::sqlite
