#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/plugin_app.h"
#include "config/value.h"

namespace indrik::config {

/// A sentence about one line of a file; 0 is the whole file.
struct Mistake {
  int line = 0;
  std::string text;
};

/// What a configuration file says, as far as that needs no settings table.
struct FileReading {
  struct Line {
    int number = 0;
    Written written;
  };
  struct Include {
    int line = 0;
    std::string pattern;
  };
  std::vector<Line> settings;     ///< top-level keys, known or not, by line
  std::vector<Include> includes;  ///< as written, in order
  std::vector<PluginApp> apps;
  std::vector<Mistake> mistakes;
};

/// Reads TOML. `name` is how the file is called in origins and mistakes. Never throws: what the text does wrong
/// becomes mistakes. Refuses also the few things that toml_guard.h tells of.
FileReading read_toml(std::string_view text, const std::string& name);

}  // namespace indrik::config
