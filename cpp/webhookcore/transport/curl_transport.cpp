#include "webhookcore/transport/curl_transport.h"

#include <utility>

#include "webhookcore/transport/ca_bundle.h"
#include "webhookcore/transport/curl_handles.h"
#include "webhookcore/transport/egress.h"
#include "webhookcore/transport/multi_transport.h"

namespace webhookcore {

Result<std::unique_ptr<Transport>> make_curl_transport(const CurlOptions& options,
                                                       std::shared_ptr<Resolver> resolver) {
  TransportSettings settings;
  settings.max_connections = options.max_connections;
  settings.max_connections_per_host = options.max_connections_per_host;
  settings.defaults.user_agent = options.user_agent;
  settings.defaults.proxy = options.proxy;

  auto ca_file = find_ca_bundle(options.ca_file);
  if (!ca_file) return ca_file.error();
  settings.defaults.ca_file = *std::move(ca_file);
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
