#include "webhookcore/store/sqlite/seal.h"

namespace webhookcore::sqlite {

namespace {

constexpr std::string_view kProof = "this key sealed a store of webhookcore";
constexpr std::string_view kProofColumn = "seal_keys.proof";

std::string place_of(std::string_view row, std::string_view column) {
  return std::string(column) + " of " + std::string(row);
}

Error wrong_key(std::string_view id, std::string_view what) {
  const std::string name = "\"" + std::string(id) + "\"";
  return {ErrorCode::wrong_store_key,
          "its secrets are sealed with the key " + name + ", and " + std::string(what) +
              ": set WEBHOOKCORE_ENCRYPTION_KEY to that key (several: id:key,id:key, the first "
              "one seals). Nothing was changed"};
}

}  // namespace

std::string Sealer::seal(std::string_view row, std::string_view column,
                         std::string_view text) const {
  if (text.empty()) return {};
  return keys_.seal(text, place_of(row, column), random_);
}

Result<std::string> Sealer::open(std::string_view row, std::string_view column,
                                 std::string_view stored) const {
  return keys_.open(stored, place_of(row, column));
}

Result<void> Sealer::check(Connection& connection) const {
  auto query = connection.query("SELECT id, proof FROM seal_keys");
  return query.each([&]() -> Result<void> {
    const std::string id = query.text(0);
    const auto opened = keys_.open(query.view(1), place_of(id, kProofColumn));
    if (opened && *opened == kProof && seal_id_of(query.view(1)) == id) return {};
    const bool is_missing = !opened && opened.error().code == ErrorCode::wrong_store_key;
    return wrong_key(id, is_missing ? "none of that id was given" : "the one given is another");
  });
}

Result<void> Sealer::note_key(Connection& connection) const {
  if (!seals()) return {};
  const std::string id = keys_.sealing_id();
  auto known = connection.query("SELECT 1 FROM seal_keys WHERE id = ?", id);
  const auto found = known.step();
  if (!found) return found.error();
  if (*found) return {};
  const std::string proof = keys_.seal(kProof, place_of(id, kProofColumn), random_);
  return connection.query("INSERT INTO seal_keys (id, proof) VALUES (?, ?)", id, Blob{proof}).run();
}

}  // namespace webhookcore::sqlite
