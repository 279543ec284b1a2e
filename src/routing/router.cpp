#include "routing/router.h"

#include <algorithm>

#include "http/characters.h"
#include "http/uri.h"
#include "routing/pattern.h"

namespace indrik::routing {

namespace {

/// One handler, at the place of its pattern in the tree.
struct Route {
  std::string method;
  std::vector<std::string> parameters;  ///< their names, in the pattern's order
  std::unique_ptr<http::Handler> handler;
};

/// The handlers of one place in the tree, few: a search in order is the fastest.
class Routes {
 public:
  bool empty() const noexcept { return routes_.empty(); }
  void add(Route route) { routes_.push_back(std::move(route)); }

  const Route* of(std::string_view method) const noexcept {
    const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return r.method == method; });
    return found == routes_.end() ? nullptr : &*found;
  }
  /// What answers that method: GET also answers HEAD (RFC 9110 9.3.2).
  const Route* answering(std::string_view method) const noexcept {
    const auto* route = of(method);
    return route == nullptr && method == "HEAD" ? of("GET") : route;
  }
  void collect_methods(std::vector<std::string_view>& methods) const {
    for (const auto& route : routes_) methods.push_back(route.method);
    if (answering("HEAD") != nullptr) methods.emplace_back("HEAD");
  }

 private:
  std::vector<Route> routes_;
};

}  // namespace

/// A place in the tree of segments.
struct Router::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, Hash, std::equal_to<>> literals;
  std::unique_ptr<Node> parameter;
  Routes here;
  Routes rest;  ///< of patterns that go on with {name...}

  Node& child(const Segment& segment) {
    auto& next = segment.kind == Segment::Kind::literal ? literals[std::string{segment.text}] : parameter;
    if (!next) next = std::make_unique<Node>();
    return *next;
  }
};

/// One search through the tree, for a method or, with none, for all that the path answers to.
class PathWalk {
 public:
  using Node = Router::Node;

  PathWalk(std::string_view method, Match& match) noexcept : method_{method}, match_{match} {}

  bool find(const Node& root, std::string_view path) { return visit(root, path.substr(1), 0); }
  void collect_methods(const Node& root, std::string_view path, std::vector<std::string_view>& methods) {
    collected_ = &methods;
    visit(root, path.substr(1), 0);
  }

 private:
  /// `rest` begins a segment. True ends the search. A place in the tree is visited once at most: it has one parent.
  bool visit(const Node& node, std::string_view rest, std::size_t depth) {
    const auto raw = rest.substr(0, rest.find('/'));
    const bool last = raw.size() == rest.size();
    const auto after = last ? std::string_view{} : rest.substr(raw.size() + 1);
    const auto enter = [&](const Node& next, std::size_t parameters) {
      return last ? end_at(next.here, parameters) : visit(next, after, parameters);
    };

    const auto decoded_before = match_.text_.size();
    const auto segment = decode(raw);
    if (const auto found = node.literals.find(segment); found != node.literals.end() && enter(*found->second, depth))
      return true;
    if (node.parameter && !segment.empty()) {
      parameter(depth).value = segment;
      if (enter(*node.parameter, depth + 1)) return true;
    }
    match_.text_.resize(decoded_before);
    if (node.rest.empty()) return false;
    parameter(depth).value = decode(rest);
    if (end_at(node.rest, depth + 1)) return true;
    match_.text_.resize(decoded_before);  // what is decoded at once never exceeds the path
    return false;
  }

  bool end_at(const Routes& routes, std::size_t parameters) {
    if (collected_ != nullptr) {
      routes.collect_methods(*collected_);
      return false;
    }
    const auto* route = routes.answering(method_);
    if (route == nullptr) return false;
    match_.outcome_ = Match::Outcome::found;
    match_.handler_ = route->handler.get();
    match_.params_count_ = parameters;
    for (std::size_t at = 0; at < parameters; ++at) match_.params_[at].name = route->parameters[at];
    return true;
  }

  http::PathParameter& parameter(std::size_t at) {
    if (match_.params_.size() <= at) match_.params_.resize(at + 1);
    return match_.params_[at];
  }

  /// In the match's own memory, of which there is enough; the path was checked before.
  std::string_view decode(std::string_view raw) {
    if (raw.find('%') == std::string_view::npos) return raw;
    const auto begin = match_.text_.size();
    http::percent_decode(raw, match_.text_);
    return std::string_view{match_.text_}.substr(begin);
  }

  std::string_view method_;
  Match& match_;
  std::vector<std::string_view>* collected_ = nullptr;
};

void Match::reset(std::size_t path_size) {
  outcome_ = Outcome::not_found;
  handler_ = nullptr;
  params_count_ = 0;
  text_.clear();
  text_.reserve(path_size);
}

Router::Router() : root_{std::make_unique<Node>()} {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<void> Router::add(std::string_view method, std::string_view pattern, std::unique_ptr<http::Handler> handler) {
  if (!http::is_token(method))
    return fail(Error::format("plugin {}: \"{}\" is no HTTP method", handler->plugin(), escaped(method)));
  auto parsed = Pattern::parse(pattern);
  if (!parsed) return fail(std::move(parsed.error()).within(fmt::format("plugin {}", handler->plugin())));

  auto* node = root_.get();
  for (const auto& segment : parsed->segments())
    if (segment.kind != Segment::Kind::rest) node = &node->child(segment);
  auto& routes = parsed->has_rest() ? node->rest : node->here;
  if (const auto* other = routes.of(method))
    return fail(Error::format("{} {} is answered by plugin {} (as {}) and by plugin {}", method, pattern,
                              other->handler->plugin(), other->handler->route(), handler->plugin()));
  routes.add({.method = std::string{method}, .parameters = parsed->parameter_names(), .handler = std::move(handler)});
  if (parsed->is_literal()) literals_.try_emplace(std::string{pattern}, node);
  ++size_;
  return {};
}

void Router::find(std::string_view method, std::string_view path, Match& match) const {
  const bool is_escaped = path.find('%') != std::string_view::npos;
  match.reset(0);
  if (!path.starts_with('/')) return;
  if (!is_escaped) {
    if (const auto found = literals_.find(path); found != literals_.end()) {
      if (const auto* route = found->second->here.answering(method)) {
        match.outcome_ = Match::Outcome::found;
        match.handler_ = route->handler.get();
        return;
      }
    }
  } else {
    match.reset(path.size());
    if (!http::percent_decode(path, match.text_)) return;
    match.text_.clear();
  }
  if (PathWalk{method, match}.find(*root_, path)) return;
  refuse(path, match);
}

void Router::refuse(std::string_view path, Match& match) const {
  std::vector<std::string_view> methods;
  PathWalk{{}, match}.collect_methods(*root_, path, methods);
  if (methods.empty()) return;
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  match.outcome_ = Match::Outcome::method_not_allowed;
  match.text_.clear();
  for (const auto name : methods) match.text_.append(match.text_.empty() ? "" : ", ").append(name);
}

std::string join_mount(std::string_view mount, std::string_view pattern) {
  if (pattern == "/") return mount.empty() ? "/" : std::string{mount};
  if (mount.ends_with('/')) mount.remove_suffix(1);
  return std::string{mount}.append(pattern);
}

}  // namespace indrik::routing
