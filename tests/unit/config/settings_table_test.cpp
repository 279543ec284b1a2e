#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

#include "config/load.h"
#include "config/quantities.h"
#include "config/setting_value.h"
#include "support/temporary_folder.h"

namespace indrik::config {
namespace {

using test::TemporaryFolder;

/// What one row is tried with. `other` is a value that is accepted and not the default.
struct Samples {
  std::string other;
  std::string other_toml;
  std::vector<std::string> refused;  ///< as text
};

/// One below, one above, and something of another kind, made from the row alone: a new row needs no new test.
struct MakeSamples {
  const SettingSpec& spec;

  std::int64_t below() const { return spec.range.least - 1; }
  std::int64_t above() const { return spec.range.most + 1; }

  Samples operator()(int Settings::*) const {
    const auto text = fmt::format("{}", spec.range.most);
    return {text, text, {fmt::format("{}", below()), fmt::format("{}", above()), "x", "", "1.5"}};
  }
  Samples operator()(bool Settings::*) const {
    const std::string other = spec.fallback == "true" ? "false" : "true";
    return {other, other, {"yes", "1", ""}};
  }
  Samples operator()(WorkerCount Settings::*) const {
    return {"auto", "\"auto\"", {fmt::format("{}", below()), fmt::format("{}", above()), "many", ""}};
  }
  Samples operator()(milliseconds Settings::*) const {
    const auto text = fmt::format("{}ms", spec.range.most);
    return {text, '"' + text + '"', {fmt::format("{}ms", below()), fmt::format("{}ms", above()), "soon", ""}};
  }
  Samples operator()(std::size_t Settings::*) const {
    const auto text = format_bytes(spec.range.most);
    return {text, '"' + text + '"', {fmt::format("{}", below()), fmt::format("{}", above()), "large", ""}};
  }
  Samples operator()(mode_t Settings::*) const { return {"0600", "\"0600\"", {"1000", "-777", "rw", "0888", "", "7"}}; }
  Samples operator()(WorkerClass Settings::*) const { return {"green", "\"green\"", {"Green", "", "2"}}; }
  Samples operator()(CertReqs Settings::*) const { return {"optional", "\"optional\"", {"maybe", "", "1"}}; }
  Samples operator()(TlsMinVersion Settings::*) const { return {"1.3", "\"1.3\"", {"1.1", "", "TLSv1.3"}}; }
  Samples operator()(ProxyProtocol Settings::*) const { return {"required", "\"required\"", {"on", "", "v1"}}; }
  Samples operator()(HeaderMap Settings::*) const { return {"refuse", "\"refuse\"", {"Drop", "", "0"}}; }
  Samples operator()(LogLevel Settings::*) const { return {"debug", "\"debug\"", {"loud", "", "0"}}; }
  Samples operator()(std::string Settings::*) const { return text(); }
  Samples operator()(std::filesystem::path Settings::*) const { return text(); }
  Samples operator()(std::vector<std::string> Settings::*) const {
    if (spec.key == "env") return {"TZ=UTC", "[\"TZ=UTC\"]", {"a\nb=c", "A=b,,C=d", "A", "=b"}};
    Samples samples{"unix:/run/a", "[\"unix:/run/a\"]", {"a\nb", "a,,b"}};
    if (spec.range.least > 0) samples.refused.emplace_back();
    return samples;
  }

  Samples text() const {
    Samples samples{"some thing", "\"some thing\"", {"a\nb", std::string(static_cast<std::size_t>(above()), 'x')}};
    if (spec.range.least > 0) samples.refused.emplace_back();
    return samples;
  }
};

class EverySettingTest : public testing::TestWithParam<SettingSpec> {
 protected:
  const SettingSpec& spec() const { return spec_; }
  Samples samples() const { return std::visit(MakeSamples{spec_}, spec_.field); }

  static std::string value_of(const SettingSpec& spec, const Settings& settings) {
    return format_value(spec, settings);
  }

  void expect_other(const Result<Loaded, Mistakes>& loaded, const std::string& origin) const {
    ASSERT_TRUE(loaded) << loaded.error().front();
    const auto defaults = default_settings();
    EXPECT_NE(value_of(spec_, loaded->settings), value_of(spec_, defaults));
    EXPECT_EQ(loaded->origins.find(spec_.key)->second, origin);
    for (const auto& other : settings_table()) {
      if (other.key == spec_.key) continue;
      EXPECT_EQ(value_of(other, loaded->settings), value_of(other, defaults)) << other.key;
    }
  }

 private:
  SettingSpec spec_ = GetParam();
};

TEST_P(EverySettingTest, AcceptsItsOwnDefault) {
  Settings settings;
  const std::string fallback{spec().fallback};
  const auto assigned = assign(spec(), {std::string{spec().key}, fallback, fallback, "default"}, settings);
  EXPECT_TRUE(assigned) << assigned.error().text();
}

TEST_P(EverySettingTest, IsSetByItsFlag) {
  const std::string flag{long_flag(spec())};
  auto arguments = std::vector<std::string>{flag, samples().other, "a.so"};
  if (spec().placeholder.empty()) std::erase(arguments, samples().other);
  expect_other(load({arguments, {}}), "flag " + flag);
  expect_other(load({{"a.so", flag + "=" + samples().other}, {}}), "flag " + flag);
}

TEST_P(EverySettingTest, IsSetByTheEnvironment) {
  const auto name = environment_name(spec());
  expect_other(load({{"a.so"}, {name + "=" + samples().other}}), "environment " + name);
}

TEST_P(EverySettingTest, IsSetByTheFile) {
  TemporaryFolder folder;
  const auto file = folder.write("a.toml", fmt::format("\n{} = {}\n", spec().key, samples().other_toml));
  expect_other(load({{"-c", file.native(), "a.so"}, {}}), file.native() + ":2");
}

TEST_P(EverySettingTest, RefusesWhatIsOutOfRangeByNameAndOrigin) {
  for (const auto& wrong : samples().refused) {
    const auto name = environment_name(spec());
    const auto loaded = load({{"a.so"}, {name + "=" + wrong}});
    ASSERT_FALSE(loaded) << spec().key << " accepts " << wrong;
    ASSERT_EQ(loaded.error().size(), 1U);
    EXPECT_THAT(loaded.error()[0], testing::StartsWith(fmt::format("environment {}: {} = ", name, spec().key)));
    EXPECT_THAT(loaded.error()[0], testing::HasSubstr(accepted(spec())));
  }
}

TEST_P(EverySettingTest, RefusesAnotherTypeInTheFile) {
  TemporaryFolder folder;
  const bool takes_true = std::holds_alternative<bool Settings::*>(spec().field);
  const bool takes_nothing = is_list(spec()) && spec().range.least == 0;
  for (const auto* wrong :
       {takes_true ? "\"true\"" : "true", "2026-11-21", "{a = 1}", "[1]", takes_nothing ? "[[]]" : "[]"}) {
    const auto file = folder.write("a.toml", fmt::format("{} = {}\n", spec().key, wrong));
    const auto loaded = load({{"-c", file.native(), "a.so"}, {}});
    ASSERT_FALSE(loaded) << spec().key << " accepts " << wrong;
    EXPECT_THAT(loaded.error().at(0), testing::StartsWith(fmt::format("{}:1: {} = ", file.native(), spec().key)));
  }
}

TEST_P(EverySettingTest, SaysWhatItIsAndWhatItAccepts) {
  EXPECT_FALSE(spec().doc.empty());
  EXPECT_TRUE(spec().doc.ends_with('.'));
  EXPECT_FALSE(spec().group.empty());
  EXPECT_EQ(spec().placeholder.empty(),
            std::holds_alternative<bool Settings::*>(spec().field) && spec().fallback == "false");
  EXPECT_FALSE(accepted(spec()).empty());
}

TEST_P(EverySettingTest, IsReadBackAsItIsPrinted) {
  TemporaryFolder folder;
  const auto loaded = load({{"a.so", std::string{long_flag(spec())} + "=" + samples().other}, {}});
  ASSERT_TRUE(loaded);
  const auto printed = format_value(spec(), loaded->settings);
  const auto file = folder.write("a.toml", fmt::format("{} = {}\n", spec().key, printed));
  const auto again = load({{"-c", file.native(), "a.so"}, {}});
  ASSERT_TRUE(again) << again.error().front();
  EXPECT_EQ(again->settings, loaded->settings);
}

/// "worker_class" -> "WorkerClass"
std::string test_name(const testing::TestParamInfo<SettingSpec>& parameter) {
  std::string name;
  bool upper = true;
  for (const char c : parameter.param.key) {
    if (c != '_') name += upper ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, EverySettingTest, testing::ValuesIn(settings_table().begin(), settings_table().end()),
                         test_name);

TEST(SettingsTableTest, HasEachKeyAndFlagOnce) {
  std::set<std::string_view> keys;
  std::set<std::string_view> flags;
  for (const auto& spec : settings_table()) {
    EXPECT_TRUE(keys.insert(spec.key).second) << spec.key;
    EXPECT_TRUE(flags.insert(long_flag(spec)).second) << spec.flag;
    if (spec.flag.starts_with("--")) continue;
    EXPECT_TRUE(flags.insert(spec.flag.substr(0, spec.flag.find(','))).second) << spec.flag;
  }
}

TEST(SettingsTableTest, KeepsTheRowsOfAGroupTogether) {
  std::set<std::string_view> groups;
  std::string_view last;
  for (const auto& spec : settings_table()) {
    if (spec.group == last) continue;
    EXPECT_TRUE(groups.insert(spec.group).second) << spec.group;
    last = spec.group;
  }
}

TEST(SettingsTableTest, NamesFlagsAfterKeys) {
  for (const auto& spec : settings_table()) {
    std::string flag = "--" + std::string{spec.key};
    for (auto& c : flag) c = c == '_' ? '-' : c;
    EXPECT_EQ(long_flag(spec), flag);
  }
}

TEST(SettingsTableTest, HasTheDefaultsThatAreDocumented) {
  using namespace std::chrono_literals;
  const auto settings = default_settings();
  EXPECT_EQ(settings.bind, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_EQ(settings.max_requests, 0);
  EXPECT_EQ(settings.umask, 022U);
  EXPECT_TRUE(settings.env.empty());
  EXPECT_FALSE(settings.daemon);
  EXPECT_EQ(settings.workers, WorkerCount{1});
  EXPECT_EQ(settings.worker_class, WorkerClass::sync);
  EXPECT_EQ(settings.worker_connections, 1000);
  EXPECT_EQ(settings.timeout, 30s);
  EXPECT_EQ(settings.keep_alive, 75s);
  EXPECT_EQ(settings.limit_request_line, 4094U);
  EXPECT_EQ(settings.max_body_size, 1024U * 1024);
  EXPECT_EQ(settings.unix_socket_mode, 0660U);
  EXPECT_EQ(settings.log_level, LogLevel::info);
  EXPECT_EQ(settings.error_logfile, "-");
  EXPECT_EQ(settings.access_logfile, "");
  EXPECT_EQ(settings.proxy_protocol, ProxyProtocol::off);
  EXPECT_EQ(settings.forwarded_allow_ips, (std::vector<std::string>{"127.0.0.0/8", "::1", "unix"}));
  EXPECT_EQ(settings.forwarded_fields, (std::vector<std::string>{"X-Forwarded-For", "X-Forwarded-Proto"}));
  EXPECT_EQ(settings.header_map, HeaderMap::drop);
}

}  // namespace
}  // namespace indrik::config
