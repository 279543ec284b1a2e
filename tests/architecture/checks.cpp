#include "architecture/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "architecture/rules.h"
#include "base/strings.h"

namespace indrik::architecture {
namespace {

using Words = std::set<std::string, std::less<>>;

Words words(std::string_view text) {
  std::istringstream in{std::string{text}};
  return {std::istream_iterator<std::string>{in}, {}};
}

const LayerRule* rule_of(std::string_view layer) {
  const auto* found =
      std::find_if(kLayers.begin(), kLayers.end(), [&](const auto& rule) { return rule.layer == layer; });
  return found == kLayers.end() ? nullptr : found;
}

bool begins_with_one_of(std::string_view path, const Words& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](const auto& b) { return path.starts_with(b); });
}

bool is_of_the_system(std::string_view path) {
  static const Words kFolders = words(kSystemFolders), kHeaders = words(kSystemHeaders);
  return path.find_first_of("./") == std::string_view::npos || kHeaders.contains(path) ||
         begins_with_one_of(path, kFolders);
}

/// What one file may include, and how that is said.
struct Permission {
  std::string who;        ///< "http", "a plugin"
  Words own;              ///< first folders of quoted includes
  Words libraries;        ///< beginnings of angled ones
  bool siblings = false;  ///< "part.h" of its own folder
};

std::string complaint(const Include& include, const Permission& permission) {
  const auto first = std::string{parts_of(include.path).front()};
  if (begins_with_one_of(include.path, permission.libraries)) return {};
  for (const auto& rule : kLayers)
    if (begins_with_one_of(include.path, words(rule.door_to)))
      return fmt::format("only {} may include {}", rule.layer, include.path);
  if (first == "indrik") return permission.own.contains("indrik") ? "" : permission.who + " must not include indrik";
  if (include.angled)
    return is_of_the_system(include.path) ? "" : fmt::format("{} is in no list of libraries", include.path);
  if (first == include.path) return permission.siblings ? "" : fmt::format("say in which folder {} is", include.path);
  return permission.own.contains(first) ? "" : fmt::format("{} must not include {}", permission.who, first);
}

Permission permission_of_layer(const LayerRule& rule) {
  Permission permission{
      .who = std::string{rule.layer}, .own = words(rule.may_include), .libraries = words(rule.door_to)};
  permission.own.emplace(rule.layer);
  permission.libraries.emplace(kEverywhere);
  return permission;
}

/// A layer's tests may use what it may, GoogleTest, and other folders of tests/.
Permission permission_of_tests(const LayerRule& rule) {
  auto permission = permission_of_layer(rule);
  permission.who = "a test of " + permission.who;
  permission.libraries.insert({"gtest/", "gmock/", "dlfcn.h"});
  permission.own.insert({"unit", "support", "integration"});
  permission.siblings = true;
  return permission;
}

std::vector<Permission> permissions_of(std::string_view path) {
  const auto parts = parts_of(path);
  const auto layer_part = parts.front() == "tests" ? 2U : 1U;
  if (parts.front() == "include") return {{.who = "include/", .own = {"indrik"}, .libraries = {}}};
  if (parts.front() == "plugins")
    return {{.who = "a plugin", .own = {"indrik"}, .libraries = words(kOfPlugins), .siblings = true}};
  const auto* rule = parts.size() > layer_part ? rule_of(parts[layer_part]) : nullptr;
  if (rule == nullptr) return {};
  return {parts.front() == "tests" ? permission_of_tests(*rule) : permission_of_layer(*rule)};
}

void compare(Violations& violations, std::string_view where, std::string_view layer, const Words& there) {
  const auto* rule = rule_of(layer);
  if (rule == nullptr) {
    violations.push_back(fmt::format("{}: {} has no row in the table", where, layer));
    return;
  }
  const auto wanted = words(rule->may_include);
  for (const auto& word : there)
    if (!wanted.contains(word)) violations.push_back(fmt::format("{}: {} must not depend on {}", where, layer, word));
  for (const auto& word : wanted)
    if (!there.contains(word)) violations.push_back(fmt::format("{}: {} may depend on {}: say so", where, layer, word));
}

void require_every_layer(Violations& violations, std::string_view where, const Words& seen) {
  for (const auto& rule : kLayers)
    if (!seen.contains(rule.layer)) violations.push_back(fmt::format("{}: {} is missing", where, rule.layer));
}

std::size_t line_of(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace

Violations check_includes(const SourceFile& file) {
  const auto permissions = permissions_of(file.path);
  if (permissions.empty()) return {fmt::format("{}: stands in no layer", file.path)};
  Violations violations;
  for (const auto& include : includes_of(file.text))
    if (const auto what = complaint(include, permissions.front()); !what.empty())
      violations.push_back(fmt::format("{}:{}: {}", file.path, include.line, what));
  return violations;
}

Violations check_header_guard(const SourceFile& file) {
  static const std::regex kOnce{R"((^|\n)#pragma once\n)"};
  static const std::regex kGuard{R"((^|\n)#ifndef (INDRIK_\w+)\n#define \2)"};
  if (!file.path.ends_with(".h") && !file.path.ends_with(".hpp")) return {};
  if (std::regex_search(file.text, kOnce)) return {};
  if (file.path.starts_with("include/") && std::regex_search(file.text, kGuard)) return {};
  return {file.path + ": no #pragma once"};
}

Violations check_ownership(const SourceFile& file) {
  // Not a placement ("new (room) T"; but "new (std::nothrow) T" owns), nor a function without a body ("= delete").
  static const std::regex kExpression{R"(\bnew\b(?!\s*\((?!\s*std::nothrow))|\bdelete\b)"};
  Violations violations;
  const auto code = code_of(file.text);
  for (std::sregex_iterator found{code.begin(), code.end(), kExpression}, none; found != none; ++found) {
    const auto before = code.substr(0, static_cast<std::size_t>(found->position()));
    const auto last = before.find_last_not_of(" \n\t");
    if (last != std::string::npos && found->str() == "delete" && before[last] == '=') continue;
    if (std::string_view{before}.substr(0, last + 1).ends_with("operator")) continue;
    if (std::string_view{before}.substr(before.rfind('\n') + 1).find("#") != std::string_view::npos) continue;  // <new>
    violations.push_back(
        fmt::format("{}:{}: {}: use a value or unique_ptr", file.path, line_of(code, before.size()), found->str()));
  }
  return violations;
}

Violations check_length(const SourceFile& file) {
  const auto lines = static_cast<std::size_t>(std::count(file.text.begin(), file.text.end(), '\n'));
  if (lines <= kMaxLines) return {};
  return {fmt::format("{}: {} lines are more than {}", file.path, lines, kMaxLines)};
}

Violations check_build(std::string_view cmake) {
  static const std::regex kCall{R"(add_(?:layer\((\w+)|program\(\w+\s+LAYER\s+(\w+))([^)]*)\))"};
  Violations violations;
  Words seen;
  const std::string text{cmake};
  for (std::sregex_iterator call{text.begin(), text.end(), kCall}, none; call != none; ++call) {
    const auto layer = call->str(1) + call->str(2);
    const auto arguments = call->str(3);
    const auto libraries = std::min(arguments.find("LIBRARIES"), arguments.size());
    auto depends = words(std::string_view{arguments}.substr(0, libraries));
    depends.erase("DEPENDS");
    if (arguments.find("indrik::sdk") != std::string::npos) depends.emplace("indrik");
    compare(violations, "CMakeLists.txt", layer, depends);
    seen.insert(layer);
  }
  require_every_layer(violations, "CMakeLists.txt", seen);
  return violations;
}

Violations check_design(std::string_view markdown) {
  constexpr std::string_view kOpen = "```layers\n";
  const auto open = markdown.find(kOpen);
  if (open == std::string_view::npos) return {"docs/design.md: no table of layers"};
  const auto begin = open + kOpen.size();
  const auto table = markdown.substr(begin, markdown.find("```", begin) - begin);
  Violations violations;
  Words seen;
  for (const auto line : split(table, '\n')) {
    const auto layer = line.substr(0, line.find(' '));
    if (layer.empty()) continue;
    auto depends = words(line.substr(layer.size()));
    depends.erase("-");
    compare(violations, "docs/design.md", layer, depends);
    seen.emplace(layer);
  }
  require_every_layer(violations, "docs/design.md", seen);
  return violations;
}

Violations check_folders(const std::vector<SourceFile>& sources) {
  Words folders;
  for (const auto& file : sources)
    if (const auto parts = parts_of(file.path); parts.front() == "src") folders.emplace(parts[1]);
  Violations violations;
  for (const auto& folder : folders)
    if (rule_of(folder) == nullptr) violations.push_back("src/" + folder + ": has no row in the table");
  return violations;
}

}  // namespace indrik::architecture
