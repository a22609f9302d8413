#include "cli/usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/command_words.hpp"
#include "hosts/hints.hpp"

namespace clustermpi::cli {

namespace {

/// The command that was named, as deep as it was understood, and its name: "lab up".
struct Named {
  const CLI::App* command;
  std::string words;
};

Named named(const CLI::App& app) {
  Named deepest{&app, ""};
  for (auto chosen = app.get_subcommands(); !chosen.empty();
       chosen = deepest.command->get_subcommands()) {
    deepest.command = chosen.front();
    deepest.words += (deepest.words.empty() ? "" : " ") + deepest.command->get_name();
  }
  return deepest;
}

std::string see_help(const Named& at) {
  return fmt::format("see `clustermpi{}{} --help`", at.words.empty() ? "" : " ", at.words);
}

/// Of our own words: what is behind "--" is another program's.
std::vector<std::string> not_understood(const CLI::App& app) {
  std::vector<std::string> words = app.remaining(true);
  words.erase(std::ranges::find(words, "--"), words.end());
  return words;
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word.starts_with('-');
}

Error no_such_option(const CLI::App& root, const Named& at, const std::string& word) {
  const std::string option = word.substr(0, word.find('='));
  std::vector<std::string> names = long_options(*at.command);
  std::ranges::copy(long_options(root), std::back_inserter(names));
  return {ExitCode::usage, fmt::format("there is no option '{}'", option),
          did_you_mean(option, names, see_help(at))};
}

Error no_such_command(const Named& at, const std::string& word) {
  const std::vector<std::string> names = names_of_commands(*at.command);
  if (at.words.empty())
    return {ExitCode::usage, fmt::format("there is no command '{}'", word),
            did_you_mean(word, names, "`clustermpi --help` lists the commands")};
  return {ExitCode::usage, fmt::format("`{}` knows no '{}'", at.words, word),
          did_you_mean(word, names, one_of(names))};
}

Error no_command(const Named& at) {
  if (at.words.empty())
    return {ExitCode::usage, "clustermpi needs a command",
            "`clustermpi --help` lists them; `clustermpi up` does all that a cluster needs"};
  return {ExitCode::usage, fmt::format("`{}` needs to know more", at.words),
          one_of(names_of_commands(*at.command))};
}

const CLI::Option* missing_positional(const CLI::App& command) {
  const auto options = command.get_options([](const CLI::Option* option) {
    return option->get_positional() && option->get_required() && option->count() == 0;
  });
  return options.empty() ? nullptr : options.front();
}

/// What a positional is called: what it is in words where the type says so, else its name.
std::string name_of(const CLI::Option& positional) {
  const std::string type = positional.get_type_name();
  return type.empty() || type.starts_with("TEXT") ? positional.get_name()
                                                  : type.substr(0, type.find(':'));
}

}  // namespace

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const Named at = named(app);
  if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr &&
      dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr)
    return {ExitCode::usage, error.what(), see_help(at)};
  const std::vector<std::string> left_over = not_understood(app);
  const auto option = std::ranges::find_if(left_over, is_option);
  if (option != left_over.end()) return no_such_option(app, at, *option);
  const bool wants_command = at.command->get_require_subcommand_min() > 0;
  if (wants_command)
    return left_over.empty() ? no_command(at) : no_such_command(at, left_over.front());
  if (!left_over.empty())
    return {ExitCode::usage, fmt::format("`{}` takes no '{}'", at.words, left_over.front()),
            see_help(at)};
  if (const CLI::Option* missing = missing_positional(*at.command))
    return {ExitCode::usage, fmt::format("`{}` needs {}", at.words, name_of(*missing)),
            see_help(at)};
  return {ExitCode::usage, error.what(), see_help(at)};
}

}  // namespace clustermpi::cli
