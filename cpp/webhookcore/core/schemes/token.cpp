// Nothing is signed: whoever knows the token can send anything. In the order of
// schemes.md, section 1c.
#include <utility>

#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {
namespace {

Scheme row(std::string name, std::string header) {
  return {.name = std::move(name),
          .versions = only(Algorithm::token),
          .families = {{.signature = std::move(header)}}};
}

Scheme gitlab() {
  Scheme scheme = row("gitlab", "X-Gitlab-Token");
  scheme.id_header = "X-Gitlab-Event-UUID";
  scheme.type_header = "X-Gitlab-Event";
  return scheme;
}

}  // namespace

std::vector<Scheme> token() {
  return {gitlab(), row("telegram", "X-Telegram-Bot-Api-Secret-Token"),
          row("auth0", "Authorization"), row("okta", "Authorization")};
}

}  // namespace webhookcore::schemes
