#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "integration/support/http_client.h"
#include "integration/support/server_process.h"
#include "support/temporary_folder.h"

namespace indrik::test {

/// A server whose configuration file, indrik.toml in a folder of its own, the test rewrites.
class Site {
 public:
  /// `sockets` as they stand in the list `bind`, where a test says nothing else.
  explicit Site(std::string worker_class, std::string sockets = "\"unix:indrik.sock\"")
      : worker_class_{std::move(worker_class)}, sockets_{std::move(sockets)} {}

  /// Written at once and whole, as an editor does. `settings` are lines of TOML, `config` those of [app.config].
  void write(const std::string& settings, const std::string& plugin = built_plugin("hello"),
             const std::string& config = {}, const std::string& sockets = {}) const {
    write_text("bind = [" + (sockets.empty() ? sockets_ : sockets) + "]\nworker_class = \"" + worker_class_ + "\"\n" +
               settings + "\n[[app]]\nplugin = \"" + plugin + "\"\n[app.config]\n" + config + "\n");
  }
  void write_text(const std::string& text) const {
    folder_.write("draft", text);
    std::filesystem::rename(folder_ / "draft", folder_ / "indrik.toml");
  }

  ServerProcess::Setup setup() const { return {.folder = folder_.path()}; }
  std::string address(const std::string& name = "indrik.sock") const { return "unix:" + (folder_ / name).native(); }
  int status(const std::string& name = "indrik.sock") const { return HttpClient{address(name)}.get("/").status; }
  const TemporaryFolder& folder() const noexcept { return folder_; }

 private:
  TemporaryFolder folder_;
  std::string worker_class_, sockets_;
};

}  // namespace indrik::test
