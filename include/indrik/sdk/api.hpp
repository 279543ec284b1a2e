#pragma once

#include <cstdint>
#include <string_view>

#include <indrik/ext/async.h>
#include <indrik/ext/config.h>
#include <indrik/ext/deadline.h>
#include <indrik/ext/http_file.h>
#include <indrik/ext/http_request.h>
#include <indrik/ext/http_response.h>
#include <indrik/ext/http_routes.h>
#include <indrik/ext/http_stream.h>
#include <indrik/ext/loop.h>
#include <indrik/ext/stream.h>
#include <indrik/ext/tls.h>

// Everything of the C++ interface is hidden in its shared object, whatever flags a plugin is built with. The server is
// C++ too and exports its symbols: a plugin's copy of an inline function must not be replaced by another's of that
// name.
#pragma GCC visibility push(hidden)
namespace indrik {
namespace sdk {

/// The host's functions, looked up once for each instance.
struct Api {
  explicit Api(const indrik_host* from) noexcept
      : host{from},
        routes{find<indrik_http_routes>(INDRIK_HTTP_ROUTES)},
        request{find<indrik_http_request>(INDRIK_HTTP_REQUEST)},
        response{find<indrik_http_response>(INDRIK_HTTP_RESPONSE)},
        file{find<indrik_http_file>(INDRIK_HTTP_FILE)},
        stream{find<indrik_http_stream>(INDRIK_HTTP_STREAM)},
        async{find<indrik_async>(INDRIK_ASYNC)},
        config{find<indrik_config>(INDRIK_CONFIG)},
        deadline{find<indrik_deadline>(INDRIK_DEADLINE)},
        tls{find<indrik_tls>(INDRIK_TLS)},
        loop{find<indrik_loop>(INDRIK_LOOP)},
        connection{find<indrik_stream>(INDRIK_STREAM)} {}

  const indrik_host* host;
  const indrik_http_routes* routes;
  const indrik_http_request* request;
  const indrik_http_response* response;
  const indrik_http_file* file;      ///< null on hosts from before it
  const indrik_http_stream* stream;  ///< null on hosts from before it
  const indrik_async* async;
  const indrik_config* config;
  const indrik_deadline* deadline;  ///< null on hosts from before it: nothing is ever cancelled there
  const indrik_tls* tls;            ///< null on hosts from before it: nothing is ever secured there
  const indrik_loop* loop;          ///< null on hosts from before it
  const indrik_stream* connection;  ///< null on hosts from before it

 private:
  template <class Interface>
  const Interface* find(const char* id) const noexcept {
    return static_cast<const Interface*>(host->get_interface(host, id));
  }
};

/// What Api cannot do without: the host refuses the plugin if it lacks any.
inline constexpr const char* kRequiredInterfaces[] = {INDRIK_HTTP_ROUTES, INDRIK_HTTP_REQUEST, INDRIK_HTTP_RESPONSE,
                                                      INDRIK_ASYNC,       INDRIK_CONFIG,       nullptr};

class Scope;

/// For whom code works.
struct Context {
  const Api* api = nullptr;
  indrik_exchange* exchange = nullptr;  ///< none: it works for no request
  Scope* scope = nullptr;               ///< of a coroutine: with whom what it waits for is cancelled
};

inline indrik_text to_abi(std::string_view view) noexcept { return {view.data(), view.size()}; }
inline std::string_view from_abi(indrik_text text) noexcept {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

}  // namespace sdk
}  // namespace indrik
#pragma GCC visibility pop
