#include "routing/router.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace indrik::routing {
namespace {

class NamedHandler final : public http::Handler {
 public:
  NamedHandler(std::string name, std::string plugin) : http::Handler{std::move(plugin), std::move(name)} {}
  Flavours flavours() const noexcept override { return Flavours::blocking; }
  void handle(http::Exchange&) noexcept override {}
  void start(http::Exchange&) noexcept override {}
};

class RouterTest : public ::testing::Test {
 protected:
  Result<void> try_add(std::string_view method, std::string_view pattern, std::string plugin = "p") {
    return router.add(
        method, pattern,
        std::make_unique<NamedHandler>(std::string{method} + " " + std::string{pattern}, std::move(plugin)));
  }
  void add(std::string_view method, std::string_view pattern) { ASSERT_TRUE(try_add(method, pattern)) << pattern; }

  /// "GET /users/{id} id=7", "404", "405 GET, HEAD".
  std::string found(std::string_view method, std::string_view path) {
    router.find(method, path, match);
    switch (match.outcome()) {
      case Match::Outcome::not_found:
        return "404";
      case Match::Outcome::method_not_allowed:
        return "405 " + std::string{match.allow()};
      case Match::Outcome::found:
        break;
    }
    std::string text{match.handler()->route()};
    for (const auto& [name, value] : match.params()) text.append(" ").append(name).append("=").append(value);
    return text;
  }
  std::string refusal(std::string_view method, std::string_view pattern) {
    const auto result = try_add(method, pattern);
    return result ? "" : result.error().text();
  }

  Router router;
  Match match;
};

TEST_F(RouterTest, FindsLiteralRoutesByMethodAndPath) {
  add("GET", "/");
  add("GET", "/a/b");
  add("POST", "/a/b");
  EXPECT_EQ(found("GET", "/"), "GET /");
  EXPECT_EQ(found("GET", "/a/b"), "GET /a/b");
  EXPECT_EQ(found("POST", "/a/b"), "POST /a/b");
  EXPECT_EQ(router.size(), 3U);
}

TEST_F(RouterTest, TakesATrailingSlashForAnotherPath) {
  add("GET", "/a");
  add("GET", "/b/");
  EXPECT_EQ(found("GET", "/a/"), "404");
  EXPECT_EQ(found("GET", "/b"), "404");
  EXPECT_EQ(found("GET", "/b/"), "GET /b/");
  EXPECT_EQ(found("GET", "//a"), "404");
  EXPECT_EQ(found("GET", "*"), "404");
  EXPECT_EQ(found("GET", ""), "404");
}

TEST_F(RouterTest, ComparesMethodsAndPathsWithCase) {
  add("GET", "/a");
  EXPECT_EQ(found("get", "/a"), "405 GET, HEAD");
  EXPECT_EQ(found("GET", "/A"), "404");
}

TEST_F(RouterTest, DeliversParameters) {
  add("GET", "/users/{id}/posts/{post_2}");
  EXPECT_EQ(found("GET", "/users/7/posts/x.y"), "GET /users/{id}/posts/{post_2} id=7 post_2=x.y");
  EXPECT_EQ(found("GET", "/users//posts/1"), "404");  // an empty segment is no parameter
  EXPECT_EQ(found("GET", "/users/7/posts/"), "404");
}

TEST_F(RouterTest, PrefersLiteralsToParametersToRemainders) {
  add("GET", "/{rest...}");
  add("GET", "/users/{id}");
  add("GET", "/users/me");
  EXPECT_EQ(found("GET", "/users/me"), "GET /users/me");
  EXPECT_EQ(found("GET", "/users/you"), "GET /users/{id} id=you");
  EXPECT_EQ(found("GET", "/users/you/x"), "GET /{rest...} rest=users/you/x");
}

TEST_F(RouterTest, GoesBackWhereALiteralLedNowhere) {
  add("GET", "/users/me/name");
  add("GET", "/users/{id}/posts");
  EXPECT_EQ(found("GET", "/users/me/posts"), "GET /users/{id}/posts id=me");
}

TEST_F(RouterTest, MatchesARemainderEvenIfEmpty) {
  add("GET", "/files/{path...}");
  EXPECT_EQ(found("GET", "/files/"), "GET /files/{path...} path=");
  EXPECT_EQ(found("GET", "/files/a//b/"), "GET /files/{path...} path=a//b/");
  EXPECT_EQ(found("GET", "/files"), "404");
}

TEST_F(RouterTest, NamesTheMethodsOfAPathThatLacksOne) {
  add("GET", "/a");
  add("POST", "/a");
  add("DELETE", "/{x}");
  add("PUT", "/{rest...}");
  EXPECT_EQ(found("PATCH", "/a"), "405 DELETE, GET, HEAD, POST, PUT");
  EXPECT_EQ(found("GET", "/b"), "405 DELETE, PUT");
  EXPECT_EQ(found("GET", "/a"), "GET /a");
  EXPECT_EQ(match.allow(), "");
}

TEST_F(RouterTest, GivesWayToALessLiteralRouteOfTheMethod) {
  add("GET", "/users/me");
  add("DELETE", "/users/{id}");
  EXPECT_EQ(found("DELETE", "/users/me"), "DELETE /users/{id} id=me");
}

TEST_F(RouterTest, AnswersHeadWithGetUnlessHeadHasItsOwn) {
  add("GET", "/a");
  add("GET", "/b");
  add("HEAD", "/b");
  add("POST", "/c");
  EXPECT_EQ(found("HEAD", "/a"), "GET /a");
  EXPECT_EQ(found("HEAD", "/b"), "HEAD /b");
  EXPECT_EQ(found("HEAD", "/c"), "405 POST");
  EXPECT_EQ(found("POST", "/b"), "405 GET, HEAD");
}

TEST_F(RouterTest, ComparesSegmentsDecoded) {
  add("GET", "/a b/{x}");
  add("GET", "/100%");
  EXPECT_EQ(found("GET", "/a%20b/c%2Fd%20e"), "GET /a b/{x} x=c/d e");
  EXPECT_EQ(found("GET", "/%61%20b/%C3%A9"), "GET /a b/{x} x=\xC3\xA9");
  EXPECT_EQ(found("GET", "/a%20b%2Fc"), "404");  // an escaped slash does not separate
  EXPECT_EQ(found("GET", "/100%25"), "GET /100%");
}

TEST_F(RouterTest, FindsNothingForMalformedEscapes) {
  add("GET", "/{x}");
  add("GET", "/f/{x...}");
  for (const auto* path : {"/%", "/%4", "/%zz", "/a%", "/%00", "/f/a/%0", "/f/%00"})
    EXPECT_EQ(found("GET", path), "404") << path;
}

TEST_F(RouterTest, KeepsDecodedParametersApartAcrossDeadEnds) {
  // Every mixture of literals and parameters leads nowhere, so each segment is decoded again and again.
  const std::string word = "a word that fits into no short string";
  for (unsigned mask = 0; mask < 16; ++mask) {
    std::string pattern;
    for (unsigned at = 0; at < 4; ++at)
      pattern.append("/").append((mask >> at & 1U) != 0 ? word : "{p" + std::to_string(at) + "}");
    add("GET", pattern + "/{p}/never");
  }
  add("GET", "/{a}/{b}/{c}/{d}/{rest...}");
  std::string escaped;
  for (const char c : word) escaped.append(fmt::format("%{:02x}", c));
  const auto path = fmt::format("/{0}/{0}/{0}/{0}/{0}/end", escaped);
  EXPECT_EQ(found("GET", path),
            fmt::format("GET /{{a}}/{{b}}/{{c}}/{{d}}/{{rest...}} a={0} b={0} c={0} d={0} rest={0}/end", word));
}

TEST_F(RouterTest, KeepsDecodedParametersApartFromARemainderOfAnotherMethod) {
  add("POST", "/a/{rest...}");
  add("GET", "/{x}/{rest...}");
  const std::string plain(1000, 'p');
  EXPECT_EQ(found("GET", "/%61/" + plain + "%61"), "GET /{x}/{rest...} x=a rest=" + plain + "a");
}

TEST_F(RouterTest, RefusesASecondHandlerAndNamesBothPlugins) {
  add("GET", "/a/{x}");
  const auto result = try_add("GET", "/a/{y}", "other");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text(), "GET /a/{y} is answered by plugin p (as GET /a/{x}) and by plugin other");
  EXPECT_EQ(router.size(), 1U);
  EXPECT_EQ(found("GET", "/a/1"), "GET /a/{x} x=1");
}

TEST_F(RouterTest, RefusesMalformedPatternsWithAReason) {
  EXPECT_EQ(refusal("GET", "a"), "plugin p: pattern \"a\": it does not begin with a slash");
  EXPECT_EQ(refusal("GET", "/a//b"), "plugin p: pattern \"/a//b\": it has an empty segment");
  EXPECT_EQ(refusal("GET", "/{a"), "plugin p: pattern \"/{a\": \"{a\" lacks its closing brace");
  EXPECT_EQ(refusal("GET", "/{x}/{x}"), "plugin p: pattern \"/{x}/{x}\": {x} comes twice");
  EXPECT_EQ(refusal("GET", "/{x...}/a"), "plugin p: pattern \"/{x...}/a\": nothing can follow {name...}");
  EXPECT_EQ(refusal("GET", "/{}"), "plugin p: pattern \"/{}\": \"{}\" has no name of letters, digits and _");
  for (const auto* pattern : {"", "/a{b}", "/{a}b", "/a?b", "/a#b", "/\n", "/{1}", "/{a b}", "/{...}", "//"})
    EXPECT_NE(refusal("GET", pattern), "") << pattern;
  EXPECT_EQ(refusal("G T", "/"), "plugin p: \"G T\" is no HTTP method");
  EXPECT_EQ(router.size(), 0U);
}

TEST_F(RouterTest, HoldsSixteenParametersAndNoMore) {
  std::string pattern;
  std::string path;
  for (char name = 'a'; name < 'a' + 16; ++name) {
    pattern.append("/{").append(1, name).append("}");
    path.append("/%31");
  }
  add("GET", pattern);
  EXPECT_TRUE(found("GET", path).ends_with(" o=1 p=1"));
  EXPECT_NE(refusal("GET", pattern + "/{q}"), "");
}

TEST_F(RouterTest, WorksAfterItWasMoved) {
  add("GET", "/a");
  Router moved = std::move(router);
  moved.find("GET", "/a", match);
  EXPECT_EQ(match.outcome(), Match::Outcome::found);
}

TEST(JoinMountTest, PutsThePatternUnderTheMount) {
  EXPECT_EQ(join_mount("/", "/x"), "/x");
  EXPECT_EQ(join_mount("", "/x"), "/x");
  EXPECT_EQ(join_mount("/api", "/x/{id}"), "/api/x/{id}");
  EXPECT_EQ(join_mount("/api/", "/x"), "/api/x");
}

TEST(JoinMountTest, TakesARootPatternForTheMountItself) {
  EXPECT_EQ(join_mount("/", "/"), "/");
  EXPECT_EQ(join_mount("", "/"), "/");
  EXPECT_EQ(join_mount("/api", "/"), "/api");
  EXPECT_EQ(join_mount("/api/", "/"), "/api/");
}

}  // namespace
}  // namespace indrik::routing
