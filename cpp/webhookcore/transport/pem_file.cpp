#include "webhookcore/transport/pem_file.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace webhookcore {

std::optional<Secret> read_small_file(const std::string& path) {
  constexpr std::size_t limit = std::size_t{1} << 20U;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  std::string bytes(limit + 1, '\0');
  std::ifstream file{path, std::ios::binary};
  file.rdbuf()->pubsetbuf(nullptr, 0);  // No copy of a key in a buffer that nobody wipes.
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto size = static_cast<std::size_t>(file.gcount());
  const bool whole = file.eof() && size <= limit;
  std::optional<Secret> content;
  if (whole) content.emplace(std::string_view{bytes.data(), size});
  wipe(bytes);
  return content;
}

}  // namespace webhookcore
