#include "log/access_format.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"

namespace indrik::log {
namespace {

struct AtomName {
  char letter;
  Atom atom;
};

constexpr auto kAtoms = std::to_array<AtomName>({
    {'h', Atom::peer},         {'l', Atom::ident},         {'u', Atom::user},    {'t', Atom::time},
    {'r', Atom::request_line}, {'m', Atom::method},        {'U', Atom::path},    {'q', Atom::query},
    {'H', Atom::protocol},     {'s', Atom::status},        {'B', Atom::bytes},   {'b', Atom::bytes_or_dash},
    {'f', Atom::referer},      {'a', Atom::user_agent},    {'T', Atom::seconds}, {'M', Atom::milliseconds},
    {'D', Atom::microseconds}, {'L', Atom::exact_seconds}, {'p', Atom::pid},
});

std::string known_atoms() {
  std::string list;
  for (const auto& known : kAtoms) list += fmt::format("%({})s ", known.letter);
  return list + "%({name}i)s %({name}o)s";
}

/// What stands between "%(" and ")s".
std::optional<Piece> piece_named(std::string_view name) {
  if (name.size() == 1) {
    const auto* known = std::find_if(kAtoms.begin(), kAtoms.end(), [&](const auto& a) { return a.letter == name[0]; });
    if (known != kAtoms.end()) return Piece{.atom = known->atom};
    return std::nullopt;
  }
  if (name.size() < 4 || name[0] != '{' || name[name.size() - 2] != '}') return std::nullopt;
  const char kind = name.back();
  if (kind != 'i' && kind != 'o') return std::nullopt;
  return Piece{.atom = kind == 'i' ? Atom::request_field : Atom::response_field,
               .text = std::string{name.substr(1, name.size() - 3)}};
}

}  // namespace

Result<std::vector<Piece>> compile_access_format(std::string_view format) {
  std::vector<Piece> pieces;
  const auto literal = [&](std::string_view text) {
    if (pieces.empty() || pieces.back().atom != Atom::literal) pieces.push_back({});
    pieces.back().text += text;
  };
  while (!format.empty()) {
    const auto percent = std::min(format.find('%'), format.size());
    if (percent > 0) literal(format.substr(0, percent));
    format.remove_prefix(percent);
    if (format.starts_with("%%")) {
      literal("%");
      format.remove_prefix(2);
    } else if (!format.empty()) {
      const auto end = format.find(")s");
      auto piece = format.starts_with("%(") && end != std::string_view::npos ? piece_named(format.substr(2, end - 2))
                                                                             : std::nullopt;
      if (!piece)
        return fail(Error::format("access log format: unknown '{}'; known are {} and %%",
                                  escaped(format.substr(0, end == std::string_view::npos ? 12 : end + 2)),
                                  known_atoms()));
      pieces.push_back(*std::move(piece));
      format.remove_prefix(end + 2);
    }
  }
  // A line end inside the format would make two lines of one request.
  for (const auto& piece : pieces)
    if (piece.text.find_first_of("\r\n") != std::string::npos)
      return fail(Error{"access log format: a line end inside the format"});
  return pieces;
}

}  // namespace indrik::log
