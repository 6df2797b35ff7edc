// Key material that is wiped when its holder goes. There is no operator<< and
// no way to compare, so a Secret cannot slip into a log.
#pragma once

#include <string>
#include <string_view>

namespace webhookcore {

// Overwrites the bytes in a way that the compiler keeps.
void wipe(std::string& bytes);

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) : bytes_(bytes) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(bytes_); }

  bool empty() const { return bytes_.empty(); }
  // The only way out; the view dies with the Secret.
  std::string_view reveal() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace webhookcore
