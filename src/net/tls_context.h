#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls_options.h"

namespace indrik::net {

class TlsStream;

/// The TLS side of a worker: certificates, keys, and what is demanded of clients. Made after the fork, and of files
/// that somebody else has read. Loop thread only.
class TlsContext {
 public:
  static Result<TlsContext, TlsFault> create(const TlsOptions& options);
  TlsContext(TlsContext&&) noexcept;
  TlsContext& operator=(TlsContext&&) noexcept;
  ~TlsContext();

  /// Speaks to whoever has connected at `socket`, which stays the caller's; null: out of memory. It may outlive the
  /// context.
  std::unique_ptr<TlsStream> accept(int socket) const;

 private:
  class Server;
  explicit TlsContext(std::unique_ptr<Server> server) noexcept;

  std::unique_ptr<Server> server_;
};

}  // namespace indrik::net
