#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "cli/app.hpp"
#include "cli/choice.hpp"
#include "cli/command_words.hpp"
#include "cli/host_choice.hpp"

namespace clustermpi::cli {

namespace {

/// A command with the words that lead to it: {"lab", "up"}.
struct CommandPath {
  const CLI::App* command;
  std::vector<std::string> words;
};

/// Deepest first, so that a script that tries them in order finds the most special one.
void collect(const CLI::App& app, const std::vector<std::string>& words,
             std::vector<CommandPath>& paths) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> deeper = words;
    deeper.push_back(sub->get_name());
    collect(*sub, deeper, paths);
  }
  paths.push_back({&app, words});
}

/// The words that may follow: subcommands, own options, and the common ones.
std::string words_after(const CLI::App& root, const CLI::App& command) {
  std::vector<std::string> words = names_of_commands(command);
  for (const CLI::App* app : {&command, &root}) {
    for (const std::string& name : long_options(*app)) words.push_back(name);
    if (&command == &root) break;
  }
  return fmt::format("{}", fmt::join(words, " "));
}

/// Whether the words behind the command are names of hosts.
bool takes_hosts(const CLI::App& command) {
  return std::ranges::any_of(command.get_options(), [](const CLI::Option* option) {
    return option->get_positional() && option->get_type_name() == "HOSTLIST";
  });
}

// Bash breaks words at @ and : too: the words are those of the line. What it puts in place of $2 is
// to lack what stands before that in the word. zsh runs this too: `path` and `words` mean something
// there.
std::string bash_script(const CLI::App& root) {
  std::vector<CommandPath> paths;
  collect(root, {}, paths);
  std::string cases;
  for (const auto& [command, words] : paths) {
    const std::string prefix = words.empty() ? "" : fmt::format(" {}", fmt::join(words, " "));
    cases += fmt::format("    \"{}\"*) offers='{}'{} ;;\n", prefix, words_after(root, *command),
                         takes_hosts(*command) ? " hosts=1" : "");
  }
  return fmt::format(
      "_clustermpi() {{\n"
      "  local line=\"${{COMP_LINE:0:COMP_POINT}}\" typed= word= last= named= offers= hosts= kept= "
      "i\n"
      "  local inventory=()\n"
      "  typed=${{line##*[[:space:]]}}\n"
      "  line=${{line%\"$typed\"}}\n"
      "  typed=${{typed#[\\'\\\"]}}\n"
      "  kept=${{typed%\"$2\"}}\n"
      "  line=${{line#\"${{line%%[![:space:]]*}}\"}}\n"
      "  line=${{line#\"${{line%%[[:space:]]*}}\"}}\n"
      "  while line=${{line#\"${{line%%[![:space:]]*}}\"}}; [[ -n $line ]]; do\n"
      "    last=$word word=${{line%%[[:space:]]*}}\n"
      "    line=${{line#\"$word\"}}\n"
      "    case $last in -i|--inventory) inventory=(-i \"$word\"); continue ;; esac\n"
      "    case $word in\n"
      "      --) return ;;\n"
      "      -*) ;;\n"
      "      *) named+=\" $word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case $named in\n{}  esac\n"
      "  [[ $word != --limit ]] || {{ offers=; hosts=1; }}\n"
      "  [[ -z $hosts ]] || offers+=\" $(clustermpi \"${{inventory[@]}}\" completion hosts "
      "2>/dev/null)\"\n"
      "  COMPREPLY=($(compgen -W \"$offers\" -- \"$typed\"))\n"
      "  [[ -z $kept ]] || COMPREPLY=(\"${{COMPREPLY[@]#\"$kept\"}}\")\n"
      "}}\n"
      "complete -o default -F _clustermpi clustermpi\n",
      cases);
}

std::string zsh_script(const CLI::App& root) {
  return "#compdef clustermpi\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(root);
}

std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string fish_script(const CLI::App& root) {
  std::vector<CommandPath> paths;
  collect(root, {}, paths);
  std::string script;
  for (const auto& [command, words] : paths) {
    std::string condition = words.empty() ? "__fish_use_subcommand" : "";
    for (const std::string& word : words) {
      condition +=
          fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", word);
    }
    for (const CLI::App* sub : command->get_subcommands([](const CLI::App*) { return true; })) {
      script += fmt::format("complete -c clustermpi -n '{}' -f -a {} -d {}\n", condition,
                            sub->get_name(), fish_quoted(sub->get_description()));
    }
    if (takes_hosts(*command)) {
      script += fmt::format(
          "complete -c clustermpi -n '{}' -f -a '(clustermpi completion hosts 2>/dev/null)'\n",
          condition);
    }
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        script += fmt::format("complete -c clustermpi{} -l {} -d {}\n",
                              words.empty() ? "" : fmt::format(" -n '{}'", condition), name,
                              fish_quoted(option->get_description()));
      }
    }
  }
  return script;
}

ExitCode complete(const CLI::App& app, Session& session, const std::string& what) {
  if (what == "hosts") {
    const Inventory inventory = load_inventory(session.inventory_file());
    for (const Host& host : inventory.hosts) session.out() << host.name << '\n';
    for (const auto& [group, members] : stored_groups(inventory, session.workspace()))
      session.out() << '@' << group << '\n';
    return ExitCode::ok;
  }
  session.out() << (what == "bash"  ? bash_script(app)
                    : what == "zsh" ? zsh_script(app)
                                    : fish_script(app));
  return ExitCode::ok;
}

}  // namespace

void add_completion(CLI::App& app, Session& session) {
  auto what = std::make_shared<std::string>();
  auto* command = app.add_subcommand("completion", "The completion script of a shell");
  command
      ->add_option("shell", *what,
                   "bash, zsh or fish; hosts: the names and groups that those complete")
      ->required()
      ->check(choice("shell", {"bash", "zsh", "fish", "hosts"}));
  command->footer(
      "  bash: source <(clustermpi completion bash)\n"
      "  zsh:  clustermpi completion zsh >\"${fpath[1]}/_clustermpi\"\n"
      "  fish: clustermpi completion fish >~/.config/fish/completions/clustermpi.fish");
  command->callback([&app, &session, what] {
    session.action = [&app, &session, what] { return complete(app, session, *what); };
  });
}

}  // namespace clustermpi::cli
