/// Serves the files of a folder.
///
///   [[app]]
///   plugin = "static.so"
///   mount = "/assets"
///   [app.config]
///   root = "/srv/www"              # must be there
///   index = ["index.html"]         # what stands for a folder; [] is nothing
///   dotfiles = [".well-known"]     # names with a leading dot that are shown nevertheless
///   precompressed = true           # a.css.br and a.css.gz, not older than a.css, are sent for a.css
///   max_age = "1h"                 # Cache-Control: max-age; unsaid, none
///   types = ["md=text/plain"]      # Content-Type by the end of the name, before what the server knows
#include <indrik/indrik.hpp>

#include <memory>
#include <system_error>
#include <utility>

#include "content_codings.h"
#include "request_path.h"
#include "root_folder.h"

namespace static_files {
namespace {

struct Settings {
  std::string root;
  std::vector<std::string> index;
  std::vector<std::string> dotfiles;
  std::vector<std::pair<std::string, std::string>> types;  ///< ".md" to "text/plain"
  std::string cache_control;
  bool precompressed = true;
};

std::vector<std::pair<std::string, std::string>> read_types(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, std::string>> types;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == text.npos || equals + 1 == text.size() || text.find('/', equals) == text.npos)
      throw std::runtime_error{"config key types: expected \"END=TYPE\", got \"" + text + "\""};
    types.emplace_back("." + text.substr(0, equals), text.substr(equals + 1));
  }
  return types;
}

Settings read_settings(const indrik::Config& config) {
  using Strings = std::vector<std::string>;
  Settings settings;
  settings.root = config.get_or("root", std::string{});
  if (settings.root.empty()) throw std::runtime_error{"config key root: the folder to serve is missing"};
  settings.index = config.get_or("index", Strings{"index.html"});
  settings.dotfiles = config.get_or("dotfiles", Strings{".well-known"});
  settings.types = read_types(config.get_or("types", Strings{}));
  settings.precompressed = config.get_or("precompressed", true);
  if (const auto age = config.get<std::chrono::seconds>("max_age"))
    settings.cache_control = "max-age=" + std::to_string(age->count());
  return settings;
}

/// What of a file is sent: as it is, or as it lies compressed beside itself.
struct Variant {
  Opened opened;
  std::string_view coding;
};

class Site {
 public:
  explicit Site(Settings settings) : settings_{std::move(settings)} {}

  void open_root() { root_ = std::make_unique<RootFolder>(settings_.root); }

  indrik::Response answer(const indrik::Request& request) const {
    const auto target = read_path(request.param("path").value_or(""), request.path(), settings_.dotfiles);
    if (!target) return not_found();
    const bool asks_for_folder = request.path().ends_with('/');
    auto opened = root_->open(target->path);
    if (!opened.descriptor) return failure(opened.error, target->path);
    if (opened.is_folder()) {
      if (!asks_for_folder) return indrik::Response{301}.field("Location", with_slash(request.path(), request.query()));
      return answer_folder(request, target->path);
    }
    if (asks_for_folder || !opened.is_file()) return not_found();
    return answer_file(request, target->path, std::move(opened));
  }

 private:
  static indrik::Response not_found() { return indrik::text("Not Found\n").status(404); }

  static indrik::Response failure(int code, const std::string& path) {
    switch (code) {
      case EACCES:
      case EPERM:
        return indrik::text("Forbidden\n").status(403);
      case ENOMEM:
      case EMFILE:
      case ENFILE:
      case EIO:
      case EAGAIN:  // whoever renames goes on and on
        throw std::system_error{code, std::generic_category(), "open " + path};
      default:
        return not_found();
    }
  }

  indrik::Response answer_folder(const indrik::Request& request, const std::string& folder) const {
    for (const auto& name : settings_.index) {
      auto path = folder;
      if (!path.empty()) path += '/';
      path += name;
      if (auto opened = root_->open(path); opened.is_file()) return answer_file(request, path, std::move(opened));
    }
    return not_found();
  }

  indrik::Response answer_file(const indrik::Request& request, const std::string& path, Opened opened) const {
    auto variant =
        settings_.precompressed ? choose_variant(request, path, std::move(opened)) : Variant{std::move(opened), {}};
    auto response = indrik::file(std::move(variant.opened.descriptor), path);
    for (const auto& [end, type] : settings_.types)
      if (path.ends_with(end)) response.field("Content-Type", type);
    if (!variant.coding.empty()) response.field("Content-Encoding", std::string{variant.coding});
    if (settings_.precompressed) response.field("Vary", "Accept-Encoding");
    if (!settings_.cache_control.empty()) response.field("Cache-Control", settings_.cache_control);
    response.field("X-Content-Type-Options", "nosniff");  // a text that looks like HTML stays a text
    return response;
  }

  /// One that is older than the file is of another version of it, and left alone.
  Variant choose_variant(const indrik::Request& request, const std::string& path, Opened original) const {
    std::string accept;
    request.each_field([&accept](std::string_view name, std::string_view value) {
      if (indrik::sdk::is_field(name, "accept-encoding")) accept.append(accept.empty() ? "" : ",").append(value);
    });
    for (const auto& coding : acceptable_codings(accept)) {
      auto compressed = root_->open(path + std::string{coding.suffix});
      if (compressed.is_file() && !is_older(compressed, original)) return {std::move(compressed), coding.name};
    }
    return {std::move(original), {}};
  }

  static bool is_older(const Opened& a, const Opened& b) noexcept {
    const auto& left = a.facts.st_mtim;
    const auto& right = b.facts.st_mtim;
    return left.tv_sec != right.tv_sec ? left.tv_sec < right.tv_sec : left.tv_nsec < right.tv_nsec;
  }

  const Settings settings_;
  std::unique_ptr<RootFolder> root_;
};

void set_up(indrik::App& app) {
  const auto site = std::make_shared<Site>(read_settings(app.config()));
  app.on_start([site] { site->open_root(); });
  // Opening a file is quick: on the loop, where the worker class allows it, no thread is troubled for it.
  const auto blocking = [site](const indrik::Request& request) { return site->answer(request); };
  const auto async = [site](const indrik::Request& request) -> indrik::Task<indrik::Response> {
    co_return site->answer(request);
  };
  app.get("/", blocking, async);
  app.get("/{path...}", blocking, async);
}

}  // namespace
}  // namespace static_files

INDRIK_PLUGIN("static", "1.0", static_files::set_up);
