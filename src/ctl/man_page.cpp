#include "ctl/man_page.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "config/roff.h"

namespace indrik::ctl {
namespace {

/// "-s, --socket FILE"
std::string term(const CLI::Option& option) {
  std::string names = fmt::format("--{}", option.get_lnames().front());
  if (!option.get_snames().empty()) names = fmt::format("-{}, {}", option.get_snames().front(), names);
  return option.get_type_size() == 0 ? names : fmt::format("{} {}", names, option.get_type_name());
}

void add_options(config::Roff& roff, const CLI::App& app) {
  for (const auto* option : app.get_options())
    if (!option->get_group().empty()) roff.item(term(*option), option->get_description());
}

}  // namespace

std::string man_page(const CLI::App& app) {
  config::Roff roff{app.get_name(), 1, INDRIK_RELEASED, INDRIK_VERSION};
  roff.heading("NAME");
  roff.paragraph("indrikctl - ask the master process of an Indrik server");
  roff.heading("SYNOPSIS");
  roff.paragraph("`indrikctl` [OPTIONS] COMMAND");
  roff.heading("COMMANDS");
  const auto is_any = [](const CLI::App*) { return true; };
  for (const auto* command : app.get_subcommands(is_any)) {
    roff.item(command->get_name(), command->get_description());
    for (const auto* option : command->get_options())
      if (option->get_name() != "--help") roff.more(fmt::format("`{}`: {}", term(*option), option->get_description()));
  }
  roff.heading("OPTIONS");
  add_options(roff, app);
  roff.heading("NOTES");
  const auto footer = app.get_footer();
  for (const auto paragraph : split(footer, '\n'))
    if (!paragraph.empty()) roff.paragraph(paragraph);
  roff.heading("SEE ALSO");
  roff.paragraph("`indrik`(8), `indrik.toml`(5)");
  return roff.text();
}

}  // namespace indrik::ctl
