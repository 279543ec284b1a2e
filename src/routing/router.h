#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "http/handler.h"
#include "http/request.h"

namespace indrik::routing {

/// What Router::find() found, and the memory for it. Made once and used for many requests: after the first it allocates
/// nothing. Everything in it is valid until the next find() with it, as long as the router and the path that was asked.
class Match {
 public:
  enum class Outcome : std::uint8_t {
    found,               ///< handler() answers; params() are its path parameters
    not_found,           ///< 404
    method_not_allowed,  ///< 405, with allow() as the value of the Allow field
  };
  static constexpr std::size_t kMaxParameters = 16;  ///< of a pattern

  Match() = default;
  Match(const Match&) = delete;  // params() may view text_
  Match& operator=(const Match&) = delete;

  Outcome outcome() const noexcept { return outcome_; }
  /// Null unless found.
  http::Handler* handler() const noexcept { return handler_; }
  /// In the order of the pattern, percent-decoded.
  std::span<const http::PathParameter> params() const noexcept { return {params_.data(), params_count_}; }
  /// "GET, HEAD, POST": what the path answers to, in alphabetical order. Empty unless method_not_allowed.
  std::string_view allow() const noexcept {
    return outcome_ == Outcome::method_not_allowed ? text_ : std::string_view{};
  }

 private:
  friend class Router;
  friend class PathWalk;
  void reset(std::size_t path_size);

  Outcome outcome_ = Outcome::not_found;
  http::Handler* handler_ = nullptr;
  std::vector<http::PathParameter> params_;  ///< the first params_count_ count
  std::size_t params_count_ = 0;
  /// What is decoded of the path's segments with escapes, and never grows while a walk views it; when the walk has
  /// found no handler for the method, the value of allow().
  std::string text_;
};

/// Method and path to handler. Filled before the worker is ready, read-only afterwards: find() is then safe from any
/// number of threads.
///
/// A pattern is a path in plain text (not percent-encoded) whose segments are literals or `{name}`, which matches one
/// whole segment that is not empty; the last may be `{name...}`, which matches all that is left, slashes included, even
/// nothing. "/a" and "/a/" are two paths. A literal segment is preferred to a parameter and a parameter to a remainder,
/// segment by segment; a route that matches the path but not the method gives way to a less literal one that matches
/// both.
///
/// Segments are compared percent-decoded, after the path was cut at its slashes: "%2F" never separates. Dot segments
/// are segments like any other. A path with a malformed escape, or with %00, is not found.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Fails, in a sentence that names the plugins, for a malformed pattern, a method that is no token, and a second
  /// handler for the same method and paths ("/a/{x}" and "/a/{y}" are the same paths). The router is then as before.
  Result<void> add(std::string_view method, std::string_view pattern, std::unique_ptr<http::Handler> handler);

  /// `method` as sent; HEAD is answered by the GET route of a path without a HEAD route. `path` as Request::path has
  /// it.
  void find(std::string_view method, std::string_view path, Match& match) const;

  std::size_t size() const noexcept { return size_; }

 private:
  friend class PathWalk;
  struct Node;

  void refuse(std::string_view path, Match& match) const;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  std::unique_ptr<Node> root_;
  /// Patterns without parameters by their text: what most requests ask for, found by one look-up. Owned by the tree.
  std::unordered_map<std::string, const Node*, Hash, std::equal_to<>> literals_;
  std::size_t size_ = 0;
};

/// The pattern of a plugin's route where the plugin is mounted: "/api" and "/x" make "/api/x", "/" and "/x" make "/x".
/// A pattern "/" is the mount itself: "/api" makes "/api", "/api/" makes "/api/".
std::string join_mount(std::string_view mount, std::string_view pattern);

}  // namespace indrik::routing
