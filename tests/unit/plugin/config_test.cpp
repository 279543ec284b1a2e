#include "plugin/config.h"

#include <gtest/gtest.h>

#include <string>

namespace indrik::plugin {
namespace {

using namespace std::string_literals;

TEST(ConfigTest, ShowsReferencesInThePlaceOfSecrets) {
  Config config;
  config.hide("hunter2", "env:A");
  config.hide("abc", "env:SHORT");
  EXPECT_EQ(config.without_secrets("hunter2, hunter2: abc"), "env:A, env:A: abc");
}

TEST(ConfigTest, HidesTheWholeOfASecretThatBeginsLikeAnother) {
  Config config;
  config.hide("pass", "env:A");
  config.hide("pass-word", "env:LONG");
  config.hide("word", "env:B");
  EXPECT_EQ(config.without_secrets("got pass-word, pass"), "got env:LONG, env:A");
}

TEST(ConfigTest, HidesTheBeginningOfASecretWhereTheTextWasCut) {
  Config config;
  config.hide("s3cret" + std::string(5000, 'x'), "file:long");
  config.hide("top\0secret"s, "file:nul");
  EXPECT_EQ(config.without_secrets("got s3cret" + std::string(900, 'x')), "got file:long");
  EXPECT_EQ(config.without_secrets("got s3cr"), "got file:long");
  EXPECT_EQ(config.without_secrets("got s3c"), "got s3c");
  EXPECT_EQ(config.without_secrets("got top"), "got file:nul");
  EXPECT_EQ(config.without_secrets(""), "");
}

}  // namespace
}  // namespace indrik::plugin
