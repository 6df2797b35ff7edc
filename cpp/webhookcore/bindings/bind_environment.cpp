#include "webhookcore/bindings/bind_environment.h"

#include <dlfcn.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "webhookcore/base/crypto.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/store/sqlite/sqlite_store.h"
#include "webhookcore/transport/ca_bundle.h"
#include "webhookcore/transport/curl_transport.h"

namespace webhookcore {

namespace {

py::object file_name(const char* bytes) {
  return py::reinterpret_steal<py::object>(PyUnicode_DecodeFSDefault(bytes));
}

// (version, path)
py::tuple sqlite() {
  const SqliteLibrary library = sqlite_library();
  return py::make_tuple(library.version, file_name(library.path.c_str()));
}

// The file that holds what `symbol` means to an object that is loaded already; for an
// empty `path`, to the program. Empty when it is not visible from there.
py::object file_of_symbol(const std::string& path, const std::string& symbol) {
  void* const handle = dlopen(path.empty() ? nullptr : path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return py::str();
  Dl_info place{};
  const void* const address = dlsym(handle, symbol.c_str());
  const bool found = address != nullptr && dladdr(address, &place) != 0;
  dlclose(handle);
  if (!found || place.dli_fname == nullptr) return py::str();
  return file_name(place.dli_fname);
}

}  // namespace

void register_environment(py::module_& module) {
  module.def("sqlite_library", &sqlite);
  module.def("file_of_symbol", &file_of_symbol, py::arg("path"), py::arg("symbol"));
  module.def("openssl_version", &openssl_version);
  module.def("curl_version", &curl_version_text);
  using Places = std::vector<std::string>;
  const auto find = [](const std::string& configured, Places before, Places after) {
    return unwrap(find_ca_bundle(configured, {std::move(before), std::move(after)}));
  };
  module.def("find_ca_bundle", find, py::arg("configured"), py::kw_only(), py::arg("before"),
             py::arg("after"));
  module.def("read_ca_bundle",
             [](const std::string& found) { return py::bytes(unwrap(read_ca_bundle(found))); });
}

}  // namespace webhookcore
