#include "webhookcore/transport/curl_transport.h"

#include <utility>

#include "webhookcore/base/clock.h"
#include "webhookcore/transport/ca_bundle.h"
#include "webhookcore/transport/client_certificate.h"
#include "webhookcore/transport/curl_handles.h"
#include "webhookcore/transport/egress.h"
#include "webhookcore/transport/multi_transport.h"

namespace webhookcore {
namespace {

Result<void> set_client_certificate(const CurlOptions& options, RequestDefaults& defaults) {
  if (options.client_cert.empty()) {
    if (options.client_key.empty()) return {};
    return Error{ErrorCode::config, "a key without a certificate; name it too", "client_cert"};
  }
  const std::string& key = options.client_key.empty() ? options.client_cert : options.client_key;
  const TimePoint now = SystemClock{}.now();
  if (auto usable = check_client_certificate(options.client_cert, key, now); !usable) return usable;
  defaults.client_cert = options.client_cert;
  defaults.client_key = key;
  return {};
}

}  // namespace

Result<std::unique_ptr<Transport>> make_curl_transport(const CurlOptions& options,
                                                       std::shared_ptr<Resolver> resolver) {
  TransportSettings settings;
  settings.max_connections = options.max_connections;
  settings.max_connections_per_host = options.max_connections_per_host;
  settings.defaults.user_agent = options.user_agent;
  settings.defaults.proxy = options.proxy;

  settings.defaults.max_idle = options.max_idle;

  auto ca_file = find_ca_bundle(options.ca_file, options.ca_places);
  if (!ca_file) return ca_file.error();
  auto one_file = CaFile::of(*ca_file);
  if (!one_file) return one_file.error();
  settings.ca_file = *std::move(one_file);
  settings.defaults.ca_file = settings.ca_file.path();
  if (auto set = set_client_certificate(options, settings.defaults); !set) return set.error();
  if (!options.proxy.empty()) {
    auto proxy = parse_proxy(options.proxy);
    if (!proxy) return proxy.error();
    settings.proxy = *std::move(proxy);
  }
  if (!options.interface.empty()) {
    auto interface = parse_interface(options.interface);
    if (!interface) return interface.error();
    settings.defaults.interface = *std::move(interface);
  }
  if (!start_curl()) return Error{ErrorCode::config, "libcurl could not start"};
  MultiHandle multi{curl_multi_init()};
  if (!multi) return Error{ErrorCode::config, "libcurl could not make its loop"};
  if (!resolver) resolver = make_system_resolver();
  std::unique_ptr<Transport> transport = std::make_unique<MultiTransport>(
      std::move(settings), options.policy, std::move(resolver), std::move(multi));
  return transport;
}

std::string curl_version_text() { return curl_version(); }

}  // namespace webhookcore
